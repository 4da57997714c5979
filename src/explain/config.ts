import type { ConfigProblem } from '../core/decide/config.ts'
import { isTypo } from '../core/typo.ts'
import { HEADERS, shown, TIMEOUT } from './option.ts'

const EXPECTED: Readonly<Record<string, string>> = {
  telemetry: 'a table',
  enabled: 'true or false',
  endpoint: 'a base URL',
  timeout_ms: TIMEOUT,
  air_gapped: 'true or false',
  headers: HEADERS,
}

/** What is wrong with a config file, without its name. */
export function configSentence(problem: ConfigProblem): string {
  return onOneLine(sentence(problem))
}

function sentence(problem: ConfigProblem): string {
  switch (problem.why) {
    case 'unreadable':
      return `it cannot be read (${problem.message})`
    case 'foreign':
      return 'it belongs to another user, or everybody may write it'
    case 'syntax':
      return `line ${problem.line}, column ${problem.column}: ${problem.message}`
    case 'value':
      return `${problem.key === 'telemetry' ? '' : 'telemetry.'}${problem.key}: expected ${EXPECTED[problem.key]}, got ${shown(problem.value)}`
    case 'unknown': {
      const near = Object.keys(EXPECTED).find(key => isTypo(problem.key.toLowerCase(), key))
      return `telemetry.${shown(problem.key)}: there is no such key${near ? `; did you mean ${near}?` : ''}`
    }
    case 'misplaced':
      return `${shown(problem.key)}: did you mean a key below [telemetry]?`
    case 'headers':
      return 'telemetry.headers: they belong to an endpoint, and there is none below [telemetry]'
  }
}

/** Without control and format characters, which names of files and variables may contain. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}
