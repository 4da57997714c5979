import { type ParseArgsConfig, parseArgs } from 'node:util'
import { didYouMean } from './did-you-mean.ts'
import { printable } from './printable.ts'

/** The options of a command, in the form of `parseArgs`. */
export type OptionList = NonNullable<ParseArgsConfig['options']>

/** The values of the options; a list for an option with `multiple`. */
export type Given = Readonly<Record<string, string | boolean | string[] | undefined>>

/**
 * Parses the arguments of a command. Returns a sentence if they are wrong: Node's own messages are for the author of the
 * program.
 */
export function readArguments(
  args: readonly string[],
  options: OptionList,
  [fewest, most]: readonly [number, number],
  expected = '',
): { values: Given; operands: string[] } | string {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (!option) {
      const known = Object.keys(options).map(name => `--${name}`)
      return `there is no option ${printable(rawName)}${didYouMean(rawName, known)}`
    }
    // In `--file --force` the file is missing.
    if (option.type === 'string' && (value === undefined || (!inlineValue && /^-./.test(value))))
      return `${rawName}: expected a value after it`
    if (option.type === 'boolean' && value !== undefined) return `${rawName}: expected no value`
  }
  if (positionals.length < fewest) return `expected ${expected}`
  const extra = positionals[most]
  if (extra !== undefined)
    return `${printable(extra)}: expected ${most ? `nothing after ${expected}` : 'no argument'}`
  return { values: values as Given, operands: positionals }
}
