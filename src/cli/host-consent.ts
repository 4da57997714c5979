import { noticePath, readAnswers, withTerms, writeAnswers } from '../core/decide/consent.ts'
import type { Folders } from '../core/decide/folders.ts'
import { noticeText } from '../core/decide/notice.ts'
import type { Target } from '../core/decide/target.ts'
import { writeYes } from './answer.ts'
import { type Context, contextOf, type TelemetryIo } from './context.ts'
import { inspect } from './inspect.ts'
import { questionText } from './question-text.ts'
import { recordNo } from './switch.ts'
import { writeProblem } from './write-problem.ts'

/**
 * For a host without a terminal (an editor, a desktop application, an MCP server): the text to show in a window of its
 * own. With `consent: 'explicit'` it is the question, otherwise the notice. Undefined if there is nothing to show: the
 * user has answered or seen it, or something else has decided.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 * import { consentText, recordConsent } from 'otlp-tally/cli'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com', commands: ['build'] })
 * const text = consentText()
 * if (text !== undefined) {
 *   console.log(text) // your dialog
 *   recordConsent('shown', text)
 * }
 * ```
 */
export function consentText(io: TelemetryIo = {}): string | undefined {
  const context = contextOf(io)
  return typeof context === 'string' ? undefined : dueText(context, [16, 18])?.text
}

/**
 * Records what the user has answered to the text of `consentText`: `yes`, `no`, or `shown` for a notice. True if it is
 * recorded. False if the text is not the one that is due now: the user has agreed to something else. A `no` is recorded
 * whatever the text, and removes the ids as `disable` does. Never throws.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 * import { consentText, recordConsent } from 'otlp-tally/cli'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com', commands: ['build'] })
 * const text = consentText()
 * if (text !== undefined) recordConsent('no', text) // the user has said no
 * ```
 */
export function recordConsent(answer: 'shown' | 'yes' | 'no', text: string, io: TelemetryIo = {}): boolean {
  const context = contextOf(io)
  if (typeof context === 'string') return false
  // The next count of this process decides anew. After a notice only the next run counts, as the notice says.
  if (answer === 'shown') context.tool.stayOff()
  else context.tool.discard()
  if (answer === 'no') return recordNo(context).ok
  const due = dueText(context, [16, 17, 18])
  if (!due || due.text !== text || writeProblem(context)) return false
  const { target, folders } = due
  if (answer === 'yes') return writeYes(folders, target).length === 0
  if (answer !== 'shown' || context.tool.options.consent === 'explicit') return false
  try {
    const path = noticePath(folders.stateFolder)
    writeAnswers(path, { shown: withTerms(readAnswers(path).agreed, target, Date.now()) })
    return true
  } catch {
    return false // the state folder cannot be written, so nothing will be counted either
  }
}

/** What there is to show, if one of these rows has decided. */
function dueText(
  context: Context,
  rows: readonly number[],
): { text: string; folders: Folders; target: Target } | undefined {
  const { options } = context.tool
  const { decision, folders, target, notice, answers } = inspect(context)
  if (!folders || !target || !rows.includes(decision.row)) return undefined
  const text =
    options.consent === 'explicit'
      ? questionText(context.tool, target, folders, answers.agreed)
      : noticeText(options, target, folders.config, notice.agreed)
  return { text, folders, target }
}
