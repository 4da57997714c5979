import { percent, shortNumber } from '../terminal/number.ts'
import { eachOf, shareText } from './figures.ts'
import { trendOf } from './glyphs.ts'
import { failedShare, type Row } from './rows.ts'
import type { Summary } from './summary.ts'
import type { Drawing } from './text-facts.ts'
import { type TextColumn, textTable } from './text-table.ts'

/** Commands or events as a table, at most `most` of them. `first` is the name of the first column. */
export function usageTable(
  first: string,
  all: readonly Row[],
  summary: Summary,
  most: number,
  drawing: Drawing,
): string {
  if (!all.length) return ''
  const rows = all.slice(0, most)
  const { hasInstallations, all: together, period, commands } = summary
  const isEvents = all === summary.events
  const hasFailures = !isEvents && commands.some(({ failed, usual }) => failed || usual.failed)
  const columns: TextColumn<Row>[] = [
    ...(hasInstallations
      ? [
          { name: 'used by', rank: 1, cell: ({ installations }: Row) => shortNumber(installations) },
          {
            name: `of ${shortNumber(together.installations)}`,
            rank: 4,
            cell: ({ installations }: Row) =>
              together.installations ? percent(installations / together.installations) : '',
          },
        ]
      : []),
    {
      ...{
        name: period.steps.days === 7 ? `${period.steps.starts.length} weeks` : 'by day',
        rank: 5,
        drawn: true,
      },
      cell: ({ trend }) => (trend.length > 1 ? trendOf(trend.slice(-12), drawing.canvas) : ''),
    },
    { name: isEvents ? 'times' : 'runs', rank: 2, cell: ({ runs }) => shortNumber(runs) },
    ...(hasInstallations && !isEvents
      ? [{ name: 'each', rank: 6, cell: ({ installations, runs }: Row) => eachOf(runs, installations) }]
      : []),
    ...(hasFailures
      ? [
          { name: 'failed', rank: 3, cell: (row: Row) => shareText(failedShare(row)) },
          { name: 'before', rank: 7, cell: ({ usual }: Row) => shareText(failedShare(usual)) },
        ]
      : []),
  ]
  const more = all.length - rows.length
  const lines = textTable(first, rows, columns, drawing)
  return [...lines, ...(more ? [drawing.paint('dim', `and ${shortNumber(more)} more`)] : [])].join('\n')
}
