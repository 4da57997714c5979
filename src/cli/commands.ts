import type { Row } from '../core/layout.ts'
import type { OptionList } from '../terminal/arguments.ts'
import { promptAgain } from './consent.ts'
import type { Context, Flags } from './context.ts'
import { inspect } from './inspect.ts'
import { disable, enable } from './switch.ts'

/** One of `tool telemetry …`. */
export interface Command {
  /** As the usage shows it: name, operand, flags. */
  usage: string
  does: string
  options?: OptionList
  /** What each flag does, for `help COMMAND`. */
  flags?: Row[]
  /** The maximum number of operands. */
  operands?: number
  /** What is wrong with a combination of flags and operands; undefined if nothing is. */
  conflict?(values: Flags, operands: string[]): string | undefined
  run(context: Context, values: Flags, operands: string[]): number | Promise<number>
}

const flag = { type: 'boolean' } as const
const text = { type: 'string' } as const

/** Code that `askConsent` does not need is loaded when a command runs. */
export const commands: Record<string, Command> = {
  status: {
    usage: 'status [--json]',
    does: 'what is in effect and why, what can be sent and where to, what was counted',
    options: { json: flag },
    flags: [['--json', 'the same for programs']],
    async run(context, { json }) {
      const text = json
        ? (await import('./status-json.ts')).statusJson
        : (await import('./status.ts')).statusText
      context.stdout.write(text(inspect(context), context))
      return 0
    },
  },
  enable: {
    usage: 'enable',
    does: 'says yes to what is sent now',
    run: enable,
  },
  disable: {
    usage: 'disable',
    does: 'says no; removes the ids and what was to be sent',
    run: disable,
  },
  preview: {
    usage: 'preview [COMMAND]',
    does: 'what would be sent if COMMAND were run now; with --all everything that can ever be sent',
    options: { all: flag, json: flag, raw: flag },
    flags: [
      ['--all', 'every name and value that can ever be sent'],
      ['--all --json', 'the same for programs'],
      ['--raw', 'only the bytes of the body'],
    ],
    operands: 1,
    conflict: ({ all, json, raw }, operands) => {
      if (all && operands.length) return '--all is about every command: expected no COMMAND'
      if (all && raw) return 'expected only one of --all, --raw'
      return json && !all ? '--json needs --all; --raw is the body of one command' : undefined
    },
    async run(context, values, [command]) {
      if (values.all) return (await import('./preview-all.ts')).previewAll(context, values)
      return (await import('./preview.ts')).preview(context, values, command)
    },
  },
  check: {
    usage: 'check',
    does: 'whether the endpoint accepts what would be sent: sends it an empty request, and explains the answer',
    run: async context => (await import('./check.ts')).checkEndpoint(context),
  },
  report: {
    usage: 'report [--html [FILE]]',
    does: 'what you use most, and when',
    options: {
      ...{ days: text, command: text },
      ...{ html: flag, card: flag, open: flag, json: flag, force: flag },
    },
    flags: [
      ['--days N', 'only the last N days'],
      ['--command NAME', 'only this command'],
      ['--html [FILE]', 'as a page'],
      ['--card [FILE]', 'as a picture for a README, light and dark'],
      ['--open', 'opens the page'],
      ['--force', 'replaces FILE'],
      ['--json', 'for programs'],
    ],
    operands: 1,
    run: async (...args) => (await import('./report.ts')).reportUsage(...args),
  },
  export: {
    usage: 'export [-f FORMAT] [-o FILE]',
    does: 'all that is stored; FORMAT is json, csv or otlp',
    options: { format: { ...text, short: 'f' }, output: { ...text, short: 'o' }, force: flag },
    flags: [
      ['-f, --format FORMAT', 'json (default), csv or otlp, which "otlp-tally send" sends'],
      ['-o, --output FILE', 'into FILE instead of on stdout'],
      ['--force', 'replaces FILE'],
    ],
    run: async (context, values) => (await import('./export.ts')).exportAll(context, values),
  },
  clear: {
    usage: 'clear [--all] [--yes]',
    does: 'removes what was counted; with --all also the ids, what was shown and a yes, never a no',
    options: { all: flag, yes: { ...flag, short: 'y' } },
    flags: [
      ['--all', 'also the ids, what was shown and a yes, never a no'],
      ['-y, --yes', 'does not ask'],
    ],
    run: async (context, values) => (await import('./clear.ts')).clear(context, values),
  },
  prompt: {
    usage: 'prompt',
    does: 'asks whether to count and send',
    run: promptAgain,
  },
}

export const aliases: Record<string, string> = { on: 'enable', off: 'disable' }
