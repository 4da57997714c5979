import { type ParseArgsConfig, parseArgs } from 'node:util'
import { didYouMean } from './did-you-mean.ts'
import { printable } from './printable.ts'

/** Which options a command has, as `parseArgs` wants them. */
export type OptionList = NonNullable<ParseArgsConfig['options']>

/** What was given: of an option with `multiple` a list. */
export type Given = Readonly<Record<string, string | boolean | string[] | undefined>>

/**
 * Reads the arguments of a command. Returns a sentence if they are wrong: Node's own messages address the
 * program's author.
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
    // `--file --force` has forgotten the file.
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
