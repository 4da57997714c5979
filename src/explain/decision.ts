import type { Cause, Decision } from '../core/decide/decide.ts'
import { configSentence, onOneLine } from './config.ts'
import { optionSentence, shown } from './option.ts'

/** Why a decision was made, on one line. An ordinary command never shows it. */
export function decisionSentence(decision: Decision, disabled: boolean | string = true): string {
  return onOneLine(sentence(decision, disabled))
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
        (typeof disabled === 'string' && onOneLine(disabled)) || 'the tool switched it off (`disabled: true`)'
      )
    case 3:
      return 'DO_NOT_TRACK is set'
    case 4:
      if (value !== undefined)
        return `${variable} is ${shown(value)}, which is not understood and means off: expected on, off, local or log`
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
