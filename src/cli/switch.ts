import { consentPath } from '../core/decide/consent.ts'
import { answerFiles } from '../core/decide/folders.ts'
import { count } from '../terminal/count.ts'
import { writeNo, writeYes } from './answer.ts'
import { type Context, called, foldersIn } from './context.ts'
import { decisionOf, type Ruling, rulingsOf } from './counterfactuals.ts'
import { forget } from './forget.ts'
import { inspect } from './inspect.ts'
import { nextStep } from './next-step.ts'
import { sentences } from './print.ts'
import { writeProblem } from './write-problem.ts'

/**
 * `enable`: writes a yes to what is sent now, in place of the user's own no, and nothing else. Where another row still
 * says off, says which and what to change. The exit code is 0 only where it is on then.
 */
export function enable(context: Context): number {
  const { tool, stdout, stderr } = context
  const { name } = tool.options
  const folders = foldersIn(context)
  const problem = writeProblem(context)
  if (problem || !folders) {
    stderr.write(sentences(stderr, `${name} telemetry: nothing was changed: ${problem}`))
    return 1
  }
  const { target } = inspect(context)
  const failures = writeYes(folders, target)
  const [decision, ...others] = rulingsOf(context)
  if (!failures.length && decision.mode === 'on') {
    stdout.write(
      sentences(
        stdout,
        `${name} telemetry is on: your yes is in ${consentPath(folders.state)}`,
        `It is for what is sent now, to ${target!.url}. "${called(tool, 'preview --all')}" shows it.`,
      ),
    )
    return 0
  }
  const done = target
    ? [`your yes is in ${consentPath(folders.state)}`]
    : ['there is no no of yours any more']
  const said = failures.length ? failures.map(failure => `could not be changed: ${failure}`) : done
  const still = [decision, ...others].filter((_, index, all) => all.slice(0, index + 1).every(isStop))
  stderr.write(sentences(stderr, ...said.map(text => `${name} telemetry: ${text}`)))
  for (const ruling of still) stderr.write(sentences(stderr, ...stillText(context, ruling)))
  return 1
}

const isStop = ({ mode }: Ruling) => mode !== 'on'

/** What else decides, and what to do about it. */
function stillText(context: Context, ruling: Ruling): string[] {
  const { name } = context.tool.options
  const steps = nextStep({ ...inspect(context), decision: ruling, counterfactuals: [] }, context.tool)
  return [
    `${name} telemetry is still ${ruling.mode}: ${ruling.reason}`,
    ...steps.map(step => `next step: ${step}`),
  ]
}

/**
 * `disable`: first writes the no, at every place where it is looked for, then ends the installation. The exit code is 0
 * only where the no is written, nothing is left, and telemetry is off.
 */
export function disable(context: Context): number {
  const { tool, stdout, stderr } = context
  const { ok, lines } = sayNo(context)
  const out = ok ? stdout : stderr
  out.write(
    sentences(out, ...lines.map((line, index) => (index ? line : `${tool.options.name} telemetry ${line}`))),
  )
  return ok ? 0 : 1
}

/** Writes a no and removes what could be sent. Says what is true then, a line each. */
export function sayNo(context: Pick<Context, 'tool' | 'env'>): { ok: boolean; lines: string[] } {
  const folders = foldersIn(context)
  const problem = writeProblem(context)
  if (problem || !folders) {
    const { mode } = decisionOf(context)
    const isOff = mode === 'off' ? 'it is off all the same' : `it is ${mode}`
    return { ok: false, lines: [`could not be changed, and ${isOff}: ${problem}`] }
  }
  const { target } = inspect(context)
  const failures = writeNo(folders)
  const [decision] = rulingsOf(context)
  const isOff = decision.mode === 'off'
  if (!isOff)
    return {
      ok: false,
      lines: [
        `is NOT off, but ${decision.mode}: ${decision.reason}`,
        ...failures.map(failure => `the no could not be written: ${failure}`),
      ],
    }
  const { fingerprint, removed, local, left } = forget(folders)
  return {
    ok: !failures.length && !left.length,
    lines: [
      `is off: ${failures.length ? decision.reason : `your no is in ${answerFiles(folders).join(' and in ')}`}`,
      ...failures.map(failure => `The no could not be written: ${failure}`),
      ...(removed.length ? [`Removed: ${removed.join(', ')}.`] : []),
      ...left.map(path => `Not removed: ${path}`),
      ...(fingerprint
        ? [
            `The fingerprint was ${fingerprint}.`,
            `To have what was sent deleted, send it to the operator of ${target ? new URL(target.url).origin : 'the endpoint'}.`,
          ]
        : []),
      ...(local
        ? [`${count(local, 'count')} for you alone: kept until "${called(context.tool, 'clear')}".`]
        : []),
    ],
  }
}
