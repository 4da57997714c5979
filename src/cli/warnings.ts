import { shared } from '../core/global.ts'
import { count } from '../terminal/count.ts'
import type { Inspection } from './inspect.ts'
import { storeProblem } from './probe.ts'

/** What is wrong, a sentence each: with what is stored, with the place for it, with how the tool calls us. */
export function problemsOf({ problems, folders, decision }: Inspection, name: string): string[] {
  const { early } = shared()
  const unstored = folders && decision.rule !== 5 ? storeProblem(folders.state) : undefined
  return [
    ...problems,
    ...(unstored ? [unstored] : []),
    ...(early
      ? [`${count(early, 'call')} came before ${name} had set up its telemetry, and counted nothing`]
      : []),
  ]
}

/** Plain http to another machine. To this one nobody is on the way. */
export function isPlain(url: string | undefined): boolean {
  if (!url?.startsWith('http:')) return false
  return !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)
}
