import { isoDay } from './days.ts'
import { failedShare, type Row } from './rows.ts'
import { sentenceText } from './sentence.ts'
import type { Spread } from './spread.ts'
import type { View } from './view.ts'

/** The report for programs. */
export function viewJson({
  subject,
  source,
  history,
  shown,
  heavy,
  everybody,
  command,
  notes,
  public: isPublic,
}: View): object {
  const { summary, findings } = shown
  const { period, hasInstallations, all, today, week, newInstallations, newest } = summary
  const { steps } = period
  const counts = ({ installations, runs, failed }: Row | NonNullable<Row['before']>) => ({
    ...(hasInstallations && { installations }),
    ...{ runs, failed },
  })
  const rowJson = (row: Row) => ({
    ...{ name: row.name, ...counts(row), failedShare: failedShare(row) ?? null },
    ...{ before: row.before ? counts(row.before) : null, usual: counts(row.usual) },
    ...{ first: isoDay(row.first), last: isoDay(row.last), trend: row.trend },
  })
  const eventJson = ({ name, installations, runs, before, first, last, trend }: Row) => ({
    ...{ name, ...(hasInstallations && { installations }), times: runs, timesBefore: before?.runs ?? null },
    ...{ first: isoDay(first), last: isoDay(last), trend },
  })
  const spreadJson = ({ count, first, ...row }: Spread) => ({
    ...{ name: row.name, [hasInstallations ? 'installations' : 'runs']: count, share: row.share },
    ...{ first: isoDay(first), trend: row.trend },
  })
  const dated = (day: number | undefined) => (day === undefined ? null : isoDay(day))
  return {
    ...{ subject, source, days: period.days, from: isoDay(period.from), to: isoDay(period.to - 1) },
    ...{ unfinished: period.unfinished, since: isoDay(history.since), ended: dated(history.ended) },
    ...{ headline: findings.headline ? sentenceText(findings.headline) : null },
    changes: findings.changes.map(claim => sentenceText(claim)),
    ...(command && {
      command: {
        name: command.name,
        answer: command.verdict.answer,
        reason: sentenceText(command.verdict.reason),
      },
    }),
    ...counts(all),
    before: all.before ? counts(all.before) : null,
    ...(hasInstallations && {
      newInstallations: newInstallations ?? null,
      week: { now: week.now, before: week.before ?? null },
    }),
    today: today
      ? {
          ...(hasInstallations && { installations: today.installations }),
          runs: today.runs,
          failed: today.failed,
          events: today.events,
        }
      : null,
    steps: {
      days: steps.days,
      starts: steps.starts.map(isoDay),
      ...(hasInstallations && { installations: all.trend }),
      runs: summary.runs,
    },
    commands: summary.commands.map(rowJson),
    events: summary.events.map(eventJson),
    versions: summary.versions.map(spreadJson),
    newest: newest
      ? {
          version: newest.version,
          appeared: dated(newest.appeared),
          share: newest.share,
          daysToHalf: newest.daysToHalf ?? null,
          daysTo90: newest.daysTo90 ?? null,
        }
      : null,
    agents: summary.agents.map(rowJson),
    environment: Object.fromEntries(
      summary.environment.map(({ name, rows }) => [name.toLowerCase(), rows.map(spreadJson)]),
    ),
    heavy: heavy.map(({ installation, since, ...one }) => ({
      ...(isPublic ? {} : { installation }),
      ...one,
      since: isoDay(since),
      leftOut: everybody !== undefined || isPublic,
    })),
    leftOut: { older: history.early, later: history.late },
    notes,
  }
}

/** The report without any use. */
export function nothingJson({ subject, source }: Pick<View, 'subject' | 'source'>): object {
  return { subject, source, runs: 0, failed: 0, commands: [], events: [], versions: [], agents: [] }
}
