// `node build/cost-picture.js` draws docs/pictures/cost-light.svg and cost-dark.svg from the first table of docs/cost.md.
import { readFileSync, writeFileSync } from 'node:fs'

const COLUMN = '50 ms away, over TLS'
const THEMES = {
  light: { text: '#1f2328', dim: '#59636e', ours: '#1a7f37', others: '#afb8c1' },
  dark: { text: '#f0f6fc', dim: '#9198a1', ours: '#3fb950', others: '#57606a' },
}
const [LEFT, BAR, ROW, WIDTH] = [190, 20, 34, 720]

const rows = readFileSync('docs/cost.md', 'utf8')
  .split('\n')
  .filter(line => line.startsWith('|'))
  .map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
const column = rows[0]?.indexOf(COLUMN) ?? -1
if (column < 0) throw new Error(`docs/cost.md has no column "${COLUMN}"`)
const end = rows.findIndex((row, i) => i > 1 && row.length !== rows[0]?.length)
const bars = rows
  .slice(2, end < 0 ? undefined : end)
  .map(row => ({ name: (row[0] ?? '').replaceAll('`', ''), ms: Number.parseFloat(row[column] ?? '') }))
  .filter(({ ms }) => ms > 0)
const longest = Math.max(...bars.map(({ ms }) => ms))

for (const [theme, colour] of Object.entries(THEMES)) {
  const height = 34 + bars.length * ROW
  const lines = bars.map(({ name, ms }, i) => {
    const y = 30 + i * ROW
    const width = Math.max(2, (ms / longest) * (WIDTH - LEFT - 80))
    const fill = i === 0 ? colour.ours : colour.others
    return `<text x="${LEFT - 12}" y="${y + 15}" text-anchor="end" fill="${colour.text}"${i ? '' : ' font-weight="600"'}>${name}</text>
<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${fill}"/>
<text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 15}" fill="${colour.text}">${ms} ms</text>`
  })
  const title = 'A command takes longer by, with the Collector 50 ms away'
  writeFileSync(
    `docs/pictures/cost-${theme}.svg`,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="Inter, system-ui, sans-serif" font-size="14" role="img" aria-label="${title}">
<text x="0" y="16" fill="${colour.dim}">${title}</text>
${lines.join('\n')}
</svg>
`,
  )
}
