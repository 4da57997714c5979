import { consentPath } from '../core/decide/consent.ts'
import { answerFiles } from '../core/decide/folders.ts'
import { plural } from '../terminal/plural.ts'
import { writeNo, writeYes } from './answer.ts'
import { type Context, commandText, foldersIn } from './context.ts'
import { type Ruling, rulingsOf } from './counterfactuals.ts'
import { forget } from './forget.ts'
import { inspect } from './inspect.ts'
import { nextStep } from './next-step.ts'
import { sentences } from './print.ts'
import { writableFolders, writeProblem } from './write-problem.ts'

/**
 * `enable`: writes a yes to what is sent now, in place of the user's no. If something else still decides, says what it is
 * and how to change it. Returns the exit code, which is 0 only if telemetry is on now.
 */
export function enable(context: Context): number {
  const { tool, stdout, stderr } = context
  const { name } = tool.options
  const folders = writableFolders(context)
  const { target } = inspect(context)
  const failures = writeYes(folders, target)
  const rulings = rulingsOf(context)
  const isOn = !failures.length && rulings[0].mode === 'on'
  const done = target ? `your yes is in ${consentPath(folders.stateFolder)}` : 'your no was removed'
  if (isOn) {
    const shows = `"${commandText(tool, 'preview --all')}" shows it.`
    const lines = [
      `${name} telemetry is on: ${done}`,
      `It is for what is sent now, to ${target!.url}. ${shows}`,
    ]
    stdout.write(sentences(stdout, ...lines))
    return 0
  }
  const changes = failures.length ? failures.map(failure => `could not be changed: ${failure}`) : [done]
  const on = rulings.findIndex(({ mode }) => mode === 'on')
  stderr.write(
    sentences(
      stderr,
      ...changes.map(text => `${name} telemetry: ${text}`),
      ...rulings.slice(0, on < 0 ? undefined : on).flatMap(ruling => stillText(context, ruling)),
    ),
  )
  return 1
}

/** What still decides, and how to change it. */
function stillText(context: Context, decision: Ruling): string[] {
  const { tool } = context
  const still = `${tool.options.name} telemetry is still ${decision.mode}: ${decision.reason}`
  return [still, ...nextStep({ ...inspect(context), decision }, tool).map(step => `next step: ${step}`)]
}

/** `disable`. Returns the exit code, which is 0 only if the no was written and everything was removed. */
export function disable(context: Context): number {
  const { ok, lines } = recordNo(context)
  const out = ok ? context.stdout : context.stderr
  out.write(sentences(out, ...lines))
  return ok ? 0 : 1
}

/** Writes the no, then ends the installation. `lines` say what is true now. */
export function recordNo(context: Pick<Context, 'tool' | 'env'>): { ok: boolean; lines: string[] } {
  const { tool } = context
  const folders = foldersIn(context)
  const problem = writeProblem(context)
  const failures = problem || !folders ? [`${problem}`] : writeNo(folders)
  const unwritten = failures.map(failure => `The no could not be written: ${failure}`)
  const [{ mode, reason }] = rulingsOf(context)
  const is = `${tool.options.name} telemetry is`
  if (mode !== 'off') return { ok: false, lines: [`${is} NOT off, but ${mode}: ${reason}`, ...unwritten] }
  if (problem || !folders) return { ok: false, lines: [`${is} off: ${reason}`, ...unwritten] }
  const { fingerprint, removed, local, left } = forget(folders)
  const { target } = inspect(context)
  const operator = target ? new URL(target.url).origin : 'the endpoint'
  return {
    ok: !failures.length && !left.length,
    lines: [
      `${is} off: ${failures.length ? reason : `your no is in ${answerFiles(folders).join(' and in ')}`}`,
      ...unwritten,
      ...(removed.length ? [`Removed: ${removed.join(', ')}.`] : []),
      ...left.map(path => `Not removed: ${path}`),
      ...(fingerprint
        ? [
            `The fingerprint was ${fingerprint}.`,
            `To have what was sent deleted, send it to the operator of ${operator}.`,
          ]
        : []),
      ...(local
        ? [`${plural(local, 'count')} for you alone: kept until "${commandText(tool, 'clear')}".`]
        : []),
    ],
  }
}
