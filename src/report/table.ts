import { thousands } from '../terminal/number.ts'
import { html } from './html.ts'

/** More rows nobody reads, and a stranger can send as many as he likes. */
const MAX_ROWS = 200

export interface Column<Row> {
  name: string
  /** HTML. */
  cell(row: Row): string
  /** Drawn, not read: it has no text. */
  drawn?: boolean
}

/** Rows by their names, each with a bar below its name if it has a share. Empty where there is none. */
export function table<Row extends { name: string; share?: number; note?: string }>(
  first: string,
  all: readonly Row[],
  columns: readonly Column<Row>[],
): string {
  const rows = all.slice(0, MAX_ROWS).map(row => {
    const bar =
      row.share === undefined
        ? ''
        : `<svg class="bar" aria-hidden="true"><rect width="${(100 * row.share).toFixed(1)}%" height="100%"/></svg>`
    const note = row.note ? ` <small>${html(row.note)}</small>` : ''
    const cells = columns.map(({ cell, drawn }) => `<td${drawn ? ' class="trend"' : ''}>${cell(row)}</td>`)
    return `<tr><th scope="row">${html(row.name)}${note}${bar}</th>${cells.join('')}</tr>`
  })
  const heads = columns.map(({ name, drawn }) =>
    drawn ? `<th scope="col" class="trend">${name}</th>` : `<th scope="col">${name}</th>`,
  )
  const more = all.length - rows.length
  return `<table class="shares">
<thead><tr><th scope="col">${html(first)}</th>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>${more ? `\n<p><small>And ${thousands(more)} more.</small></p>` : ''}`
}

/** The numbers of a chart, folded until somebody asks for them. */
export function dataTable(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly [name: string, ...numbers: number[]])[],
): string {
  const lines = rows.map(
    ([name, ...numbers]) =>
      `<tr><th scope="row">${name}</th>${numbers.map(number => `<td>${thousands(number)}</td>`).join('')}</tr>`,
  )
  return `<details class="data"><summary>${html(caption)} as a table</summary>
<div class="wide" role="region" aria-label="${html(caption)}, numbers" tabindex="0"><table>
<thead><tr>${columns.map(name => `<th scope="col">${html(name)}</th>`).join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table></div></details>`
}

/** A part of the page under its heading; empty where it has no content. */
export function section(heading: string, ...content: readonly string[]): string {
  const parts = content.filter(Boolean)
  if (!parts.length) return ''
  const id = heading.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${html(heading)}</h2>
${parts.join('\n')}
</section>`
}

/** A number with its name, and what is to be said on it. Number and rest are HTML. */
export function tile(name: string, number: string | number, rest = ''): string {
  return `<div><dt>${html(name)}</dt><dd>${number}${rest && ` <small>${rest}</small>`}</dd></div>`
}
