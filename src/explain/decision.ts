import type { ConfigProblem } from '../core/decide/config.ts'
import type { Cause, Decision } from '../core/decide/decide.ts'
import type { OptionProblem } from '../core/option-problems.ts'
import { isTypo } from '../core/typo.ts'

/**
 * Why a decision was made, in words and on one line: for `status` and `log` mode. An ordinary command never shows one.
 * Names of variables and files come from outside: nothing of them may act on a terminal.
 */
export function explain(decision: Decision, disabled: boolean | string = true): string {
  return plain(sentence(decision, disabled))
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

function sentence({ row, cause = {}, target }: Decision, disabled: boolean | string): string {
  const { variable, value, meant, file, message } = cause
  switch (row) {
    case 0:
      return cause.missing
        ? cause.missing.startsWith('process.')
          ? `this runtime (${process.version}) lacks ${cause.missing}, which came with Node 20.16 and 22.3`
          : cause.missing
        : `initTelemetry: ${(cause.options ?? []).map(optionSentence).join('; ')}`
    case 1:
      return 'this is the helper process'
    case 2:
      return (
        (typeof disabled === 'string' && plain(disabled)) || 'the tool switched it off (`disabled: true`)'
      )
    case 3:
      return 'DO_NOT_TRACK is set'
    case 4:
      if (value !== undefined)
        return `${variable} is ${show(value)}, which is not understood and means off: expected on, off, local or log`
      return `${variable} says no${meant ? `; did you mean ${meant}=off?` : ''}`
    case 5:
      return stateSentence(cause)
    case 6:
      return `${file}: ${configSentence(cause.config!)}`
    case 7:
      return cause.config ? `${file}: ${configSentence(cause.config)}` : `enabled = false in ${file}`
    case 8:
      return message ? `your answer in ${file} cannot be read (${message})` : `you have said no (${file})`
    case 9:
      return variable ? `${variable} is "local"` : `air_gapped = true in ${file}`
    case 10:
      return endpointSentence(cause)
    case 11:
      return `${variable} is "log"`
    case 12:
      return `a test runner runs this (${variable}), and ${target?.origin} is not on this machine`
    case 13:
      return variable ? `${variable} says yes` : `enabled = true in ${file}`
    case 14:
      return `this is a CI (${variable})`
    case 15:
      return 'you have said yes to this'
    case 16:
      return 'you have not said yes to this yet'
    case 17:
      return 'the notice for this was shown'
    case 18:
      return [
        'the notice for this was not shown yet',
        variable ? `, and here nobody reads it (${variable})` : '',
        target && !target.trusted && !target.local
          ? '; a yes by a variable is not enough for an endpoint that only a variable names'
          : '',
      ].join('')
    default:
      return 'the notice was shown in this run'
  }
}

function stateSentence({ message, config, file }: Cause): string {
  if (config) return `${file} belongs to another user, or everybody may write it`
  if (message === 'no home') return 'there is no home folder'
  if (message === 'foreign state') return 'the state folder belongs to another user'
  if (message === 'open state') return 'everybody may write into the state folder'
  return message ?? 'the state folder cannot be read'
}

function endpointSentence({ endpoint }: Cause): string {
  if (!endpoint?.endpoint) return 'there is no endpoint'
  const whose = { environment: 'the environment', config: 'the config file', tool: 'the tool' }[
    endpoint.source
  ]
  // Not the URL itself: there may be a password in it.
  return `the endpoint of ${whose} is no http(s) URL, or there is a user name or password in it`
}

/** What is wrong with a config file, without its name. */
export function configSentence(problem: ConfigProblem): string {
  return plain(problemSentence(problem))
}

function problemSentence(problem: ConfigProblem): string {
  switch (problem.why) {
    case 'unreadable':
      return `it cannot be read (${problem.message})`
    case 'foreign':
      return 'it belongs to another user, or everybody may write it'
    case 'syntax':
      return `line ${problem.line}, column ${problem.column}: ${problem.message}`
    case 'value':
      return `${problem.key === 'telemetry' ? '' : 'telemetry.'}${problem.key}: expected ${CONFIG_EXPECTED[problem.key]}, got ${show(problem.value)}`
    case 'unknown': {
      const near = Object.keys(CONFIG_EXPECTED).find(key => isTypo(problem.key.toLowerCase(), key))
      return `telemetry.${show(problem.key)}: there is no such key${near ? `; did you mean ${near}?` : ''}`
    }
    case 'misplaced':
      return `${show(problem.key)}: did you mean a key below [telemetry]?`
    case 'headers':
      return 'telemetry.headers: they belong to an endpoint, and there is none below [telemetry]'
  }
}

const TIMEOUT = 'a whole number of milliseconds from 1 to 60000'
const VALUE = '1 to 64 of A-Z a-z 0-9 _ . : - with single spaces inside'
const NAME = 'a letter, then letters, digits, "_" or ".", at most 64 characters'
const HEADERS = 'header names and values that `fetch` accepts'

const CONFIG_EXPECTED: Readonly<Record<string, string>> = {
  telemetry: 'a table',
  enabled: 'true or false',
  endpoint: 'a base URL',
  timeout_ms: TIMEOUT,
  air_gapped: 'true or false',
  headers: HEADERS,
}

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

/** What is wrong with an option of `initTelemetry`, and what was expected. */
export function optionSentence({ option, value, unknown }: OptionProblem): string {
  if (unknown)
    return `${show(option)}: there is no such option${unknown.near ? `; did you mean ${unknown.near}?` : ''}`
  return `${option}: expected ${EXPECTED[option]}, got ${show(value)}`
}

/** A value as a message may show it: short, printable, on one line, never throwing (a symbol, a proxy, a bigint). */
export function show(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return `${value}`
  if (typeof value !== 'string') return value === null ? 'null' : typeof value
  const code = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value.slice(0, 64)).replace(/[^ -~]/g, code)
}
