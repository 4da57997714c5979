/**
 * The script of a report's page. It shows the numbers of the week or day under the pointer, or chosen by arrow keys. It
 * reads them from the table below the chart, which is there without a script too.
 */
export const REPORT_SCRIPT: string = `
for (const plot of document.querySelectorAll('.plot')) {
  const figure = plot.parentNode, rows = figure.querySelectorAll('tbody tr'), heads = figure.querySelectorAll('thead th')
  const [tip, dot] = ['div', 'i'].map(name => plot.appendChild(document.createElement(name))), last = rows.length - 1
  let at = last
  const hide = hidden => { tip.hidden = dot.hidden = hidden }
  const go = to => {
    at = Math.max(0, Math.min(last, to))
    const texts = [...rows[at].children].map((cell, index) => heads[index].textContent + (index ? ': ' : ' ') + cell.textContent)
    tip.replaceChildren(...texts.map(text => Object.assign(document.createElement('p'), { textContent: text })))
    hide(false)
    const x = (at + .5) / rows.length * plot.clientWidth
    dot.style.left = x + 'px'
    tip.style.left = Math.max(0, Math.min(plot.clientWidth - tip.offsetWidth, x - tip.offsetWidth / 2)) + 'px'
    plot.ariaValueNow = at
    plot.ariaValueText = texts.join(', ')
  }
  Object.assign(plot, {
    role: 'slider', tabIndex: 0, ariaLabel: plot.querySelector('svg').getAttribute('aria-label'), ariaValueMin: 0, ariaValueMax: last,
    onfocus: () => go(at),
    onblur: () => hide(true),
    onpointermove: event => go(Math.floor((event.clientX - plot.getBoundingClientRect().left) / plot.clientWidth * rows.length)),
    onpointerleave: () => hide(document.activeElement !== plot),
    onkeydown: event => {
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key]
      if (event.key === 'Escape') hide(true)
      if (to === undefined) return
      event.preventDefault()
      go(to)
    },
  })
  go(at)
  hide(true)
}
`
