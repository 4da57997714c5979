import { afterPowerCut, type Disk, withNames, withNew, withText } from './disk.ts'
import type { Act, Message, Runner, State } from './model.ts'
import { CLOCK, COPY, type Event, HOME, LIFE_MS, type Scenario } from './scenario.ts'

/** What may happen beside the processes. */
export function* happenings(state: State, { ticks = [] }: Scenario): Generator<Act> {
  const { messages, arrivals, budget, clock, disk } = state
  for (const [index, message] of messages.entries()) {
    if (message.state !== 'under way') continue
    const stored: Message = { ...message, state: isInTime(state, message) ? 'stored' : 'late' }
    yield {
      ...{ name: `the server stores that of P${message.by}`, weight: 0.3 },
      take: () => ({ ...state, messages: messages.with(index, stored), arrivals: [...arrivals, index] }),
    }
  }
  const tick = ticks[state.ticks]
  if (tick) {
    const take = () => ({ ...state, clock: clock + tick, ticks: state.ticks + 1 })
    yield { name: `${tick} ms pass`, weight: 0.05, take }
  }
  const spent = (event: Event, name: string, change: () => Partial<State>): Act => ({
    ...{ name, weight: event === 'cut' ? 0.002 : 0.02 },
    take: () => ({ ...state, ...change(), budget: { ...budget, [event]: budget[event]! - 1 } }),
  })
  const logs = [...disk.names].filter(([name]) => name.startsWith(`${HOME}/v1/`))
  const [live] = logs.filter(([name]) => name.endsWith('.log'))
  if (budget.clear && logs.length)
    yield spent('clear', 'clear', () => ({ disk: withNames(disk, without(disk, logs)) }))
  if (budget.aside && live)
    yield spent('aside', 'a command sets it aside', () => {
      const [name, ino] = live
      return { disk: withNames(disk, without(disk, [[name]]).set(`${name}~aside${budget.aside}`, ino)) }
    })
  const damaged = budget.damage && live && withDamage(disk, live[1], clock)
  if (damaged) yield spent('damage', 'damage', () => ({ disk: damaged }))
  if (budget.copy) yield spent('copy', 'the home is copied', () => ({ disk: copied(disk, clock) }))
  if (budget.cut)
    for (let which = 0; which < 15; which++)
      yield spent('cut', `a power cut, ${which}`, () => ({
        disk: afterPowerCut(disk, which),
        runners: state.runners.map(runner => (runner.phase === 'new' ? runner : ENDED)),
        cutClaim: state.runners.some(({ claimed }) => claimed !== undefined),
      }))
}

/** A process that has ended. */
export const ENDED: Runner = { process: undefined, phase: 'ended', claimed: undefined, seen: 0 }

/** False where the process cannot know any more whether its request comes before those of others. */
function isInTime({ runners, clock }: State, { by }: Message): boolean {
  const { process, claimed = 0 } = runners[by]!
  return process?.held?.name === 'post' && Math.abs(clock - claimed) < LIFE_MS
}

/** Another machine has overwritten a mark that the last claim has seen. Undefined where there is none. */
function withDamage(disk: Disk, ino: number, clock: number): Disk | undefined {
  const { text } = disk.files[ino]!
  const last = text.lastIndexOf('\n!send ')
  const [, seen] = /^\n!send \w+ (\d+) /.exec(text.slice(Math.max(0, last))) ?? []
  const marks = text.slice(0, Math.max(0, last)).match(/\n[a-z][^\n]* \d{13}(?=\n|$)/g) ?? []
  const [mark] = marks
  if (!mark || Number(seen) !== marks.length) return undefined
  return withText(disk, ino, text.replace(mark, ' '.repeat(mark.length)), clock)
}

/** Like `cp -a`: with other inodes. */
function copied(disk: Disk, clock: number): Disk {
  let copy = disk
  for (const [name, ino] of disk.names) {
    if (!name.startsWith(`${HOME}/`)) continue
    const [made, inode] = withNew(copy, `${COPY}${name.slice(HOME.length)}`, clock)
    copy = withText(made, inode, disk.files[ino]!.text, clock)
  }
  return copy
}

/** The home of an installation that has this fingerprint, and no other. */
export function withFingerprint(disk: Disk, fingerprint: string): Disk {
  const path = `${HOME}/fingerprint`
  const [made, ino] = withNew(withNames(disk, without(disk, [[path]])), path, CLOCK)
  return withText(made, ino, `${fingerprint} ${CLOCK - 1000} ${ino} ${CLOCK}\n`, CLOCK)
}

function without({ names }: Disk, gone: readonly (readonly [string, ...unknown[]])[]): Map<string, number> {
  const left = new Map(names)
  for (const [name] of gone) left.delete(name)
  return left
}
