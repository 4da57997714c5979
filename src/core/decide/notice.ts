import { type Row, rowsText, textWidth, wrap } from '../layout.ts'
import { type TelemetryOptions, telemetryCommandOf } from '../options.ts'
import { isTerminal, writeStderr } from '../stderr.ts'
import { type Agreements, noticePath, withTerms, writeAnswers } from './consent.ts'
import { environmentPrefix } from './environment.ts'
import type { Folders } from './folders.ts'
import type { Target } from './target.ts'

/**
 * Shows the notice on stderr and stores what was shown. False without a terminal. Throws where it cannot be stored:
 * then it is not shown either, or it would be shown in every run.
 */
export function showNotice(
  options: TelemetryOptions,
  folders: Folders,
  target: Target,
  seen: Agreements,
  agreed: Agreements,
): boolean {
  if (!isTerminal()) return false
  const { origin } = target
  // What the user has said yes to is not new either.
  const known = agreed[origin] ? withTerms(seen, { origin, ...agreed[origin] }, 0) : seen
  const text = noticeText(options, target, folders.config, known, process.stderr.columns)
  const shown = withTerms(seen, target, Date.now())
  writeAnswers(noticePath(folders.stateFolder), { shown }, () => writeStderr(`${text}\n\n`))
  return true
}

/**
 * The notice. Without colours, so it reads the same everywhere. `seen`: what was shown or agreed to before; if there is
 * anything, the notice says what is new. `columns`: the width of the terminal.
 */
export function noticeText(
  options: TelemetryOptions,
  target: Target,
  config: string,
  seen: Agreements = {},
  columns?: number,
): string {
  const { name, notice } = options
  const width = textWidth(columns)
  const news = newsIn(target, seen)
  const rows: Row[] = [
    ...contents(options, target),
    ...(news.length ? [['New', listed(news)] as const] : []),
    ['Off', wayOff(options, config)],
  ]
  return [
    wrap(
      notice?.trim() ??
        `${name} counts how often each of its commands is run. From the next run on it sends these counts.`,
      width,
    ),
    rowsText(rows, width),
    wrap('This run is not counted.', width),
  ].join('\n')
}

/** What was not shown or agreed to before. Nothing if this is the first notice. */
export function newsIn({ origin, kinds }: Target, seen: Agreements): readonly string[] {
  const before = seen[origin]
  if (before) return kinds.filter(kind => !before.kinds.includes(kind))
  return Object.keys(seen).length ? ['who receives it'] : []
}

/** A path without control characters: the environment may have put some into it. */
function printable(path: string): string {
  return path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}

/** How a user switches it off, by what the tool has. */
function wayOff(options: TelemetryOptions, config: string): string {
  const command = telemetryCommandOf(options)
  return command
    ? `${command} disable, or DO_NOT_TRACK=1`
    : `DO_NOT_TRACK=1, ${environmentPrefix(options.name)}_TELEMETRY=off, or enabled = false below [telemetry] in ${printable(config)}`
}

/** What this tool can send, and to whom: the same in the notice, in the question and in `status`. */
export function contents(
  options: TelemetryOptions,
  target: Pick<Target, 'url' | 'headers'> | undefined,
): Row[] {
  const {
    name,
    commands,
    events = {},
    failures,
    agents,
    environment,
    policy,
    resourceAttributes = {},
  } = options
  const constants = Object.keys(resourceAttributes).map(key => `${key}=${resourceAttributes[key]}`)
  const sent = [
    `how often each command was run (${listed(commands)}), and when`,
    failures && 'how often it failed',
    agents && 'which coding agent ran it, if one shows',
    `the version of ${name}`,
    'two random ids, one of this installation and one of its counts',
    environment && 'the system, the architecture, the runtime and its major version',
    constants.length && listed(constants),
  ]
  const metrics = Object.keys(events)
  const rows: (Row | false | 0 | '' | undefined)[] = [
    ['Sent', sent.filter(Boolean).join('; ')],
    metrics.length > 0 && [
      '',
      `how often these events happen: ${listed(metrics.map(metric => eventText(metric, events[metric]!)))}`,
    ],
    ['Never sent', 'anything else: no arguments, paths, file contents'],
    target && ['To', target.url],
    target && [
      'Headers',
      `${[...new Set(['otlp-tally-shard', 'user-agent', ...Object.keys(target.headers)])].join(', ')} and those of every HTTP request`,
    ],
    policy && ['More', policy],
  ]
  return rows.filter(row => row) as Row[]
}

/** `deploy (target: a, b; dry: true, false)` */
function eventText(metric: string, attributes: Readonly<Record<string, unknown>>): string {
  const texts = Object.keys(attributes).map(key => {
    const values = attributes[key]
    return `${key}: ${Array.isArray(values) ? values.join(', ') : 'true, false'}`
  })
  return texts.length ? `${metric} (${texts.join('; ')})` : metric
}

/** At most twelve of them: `preview --all` has the rest. */
function listed(texts: readonly string[]): string {
  const more = texts.length - 12
  return texts.slice(0, 12).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
