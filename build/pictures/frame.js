/** A terminal beside a browser, as one page to take a picture of. `picture` is a PNG of what the browser shows. */
export function frame({ terminal, picture, scheme }) {
  const dark = scheme === 'dark'
  const [page, line, bar, ink, soft] = dark
    ? ['#0d1117', '#30363d', '#161b22', '#e6edf3', '#9aa5b1']
    : ['#ffffff', '#d0d7de', '#f6f8fa', '#1b1f24', '#57606a']
  const lines = terminal.map(text =>
    text.startsWith('$ ') ? `<b>$</b> ${escaped(text.slice(2))}` : `<i>${escaped(text)}</i>`,
  )
  return `<!doctype html><meta charset="utf-8"><style>
* { box-sizing: border-box } body { margin: 0; width: 940px; padding: 12px; background: ${page}; display: grid; grid-template-columns: 432px 468px; gap: 16px; font: 14px system-ui, sans-serif }
.window { border: 1px solid ${line}; border-radius: 10px; overflow: hidden; height: 600px; background: ${page} }
.bar { height: 36px; padding: 0 14px; display: flex; align-items: center; gap: 7px; background: ${bar}; border-bottom: 1px solid ${line}; color: ${soft}; font-size: 13px }
.bar span { width: 11px; height: 11px; border-radius: 50%; background: ${line} } .bar em { margin-left: 8px; font-style: normal }
pre { margin: 0; padding: 14px; font: 13.5px/1.75 ui-monospace, "DejaVu Sans Mono", monospace; color: ${ink}; white-space: pre-wrap; overflow-wrap: anywhere } b { color: #1f9d55 } i { font-style: normal; color: ${soft} }
img { display: block; width: 466px }
</style><div class="window"><div class="bar"><span></span><span></span><span></span><em>a terminal</em></div><pre>${lines.join('\n')}
<b>$</b> ▌</pre></div>
<div class="window"><div class="bar"><span></span><span></span><span></span><em>otlp-tally listen — 127.0.0.1:4318</em></div><img src="data:image/png;base64,${picture.toString('base64')}"></div>`
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
