import type { OptionProblem } from '../core/option-problems.ts'

export const TIMEOUT = 'a whole number of milliseconds from 1 to 60000'
export const HEADERS = 'header names and values that `fetch` accepts'
const VALUE = '1 to 64 of A-Z a-z 0-9 _ . : - with single spaces inside'
const NAME = 'a letter, then letters, digits, "_" or ".", at most 64 characters'

const EXPECTED: Readonly<Record<string, string>> = {
  options: 'an object',
  name: 'a name such as "trix" or "@acme/trix", at most 64 characters',
  version: 'a version such as "1.2.3", at most 64 characters',
  endpoint: 'a base URL',
  commands: `a list of names, each ${VALUE}`,
  events: 'metrics, each with its attributes, each with Boolean or a list of its values',
  failures: 'true, false or { except: [exit codes] }',
  agents: 'true or false',
  environment: 'true or false',
  headers: HEADERS,
  timeoutMs: TIMEOUT,
  intervalMs: 'a whole number of milliseconds, at most 30 days',
  metricName: NAME,
  delivery: '"auto", "detached" or "inline"',
  consent: '"notice" or "explicit"',
  notice: 'a text',
  noticeVersion: 'a whole number from 1 to 1000000000',
  policy: 'an http(s) URL',
  command: 'how it is called, such as "trix telemetry", or false',
  home: 'an absolute path, or one that begins with "~/"',
  resourceAttributes: `at most 8 attributes: a name is ${NAME}, a value true, false or ${VALUE}; not the ones that the library sends itself`,
  disabled: 'true, false or the reason',
}

/** What is wrong with an option of `initTelemetry`. */
export function optionSentence({ option, value, unknown }: OptionProblem): string {
  if (unknown)
    return `${shown(option)}: there is no such option${unknown.near ? `; did you mean ${unknown.near}?` : ''}`
  return `${option}: expected ${EXPECTED[option]}, got ${shown(value)}`
}

/** A value for a message: short, printable, on one line. Never throws, not even for a symbol, a proxy or a bigint. */
export function shown(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return `${value}`
  if (typeof value !== 'string') return value === null ? 'null' : typeof value
  const code = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value.slice(0, 64)).replace(/[^ -~]/g, code)
}
