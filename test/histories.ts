import fc from 'fast-check'
import type { Use } from '../src/report/use.ts'

/** The time of all reports. Whichever it is must not matter. */
export const NOW: number = Date.UTC(2026, 10, 21, 15, 20)
const DAY = 86_400_000
export const TODAY: number = Math.floor(NOW / DAY)

/** How many days ago a time was: 0 for today. */
export const ago = (time: number): number => TODAY - Math.floor(time / DAY)
/** The time of an hour so many days ago. */
export const at = (daysAgo: number, hour = 9): number => (TODAY - daysAgo) * DAY + hour * 3_600_000

export const use = (daysAgo: number, more: Partial<Use> = {}): Use => ({
  ...{ time: at(daysAgo), count: 1, name: 'build', version: '1.0.0', kind: 'run' },
  ...more,
})

const NAMES = ['build', 'check', 'doctor', 'deploy', 'unknown']

const aUse = fc.record({
  daysAgo: fc.nat(130),
  second: fc.nat(86_399),
  count: fc.integer({ min: 1, max: 9 }),
  name: fc.nat(9),
  kind: fc.constantFrom('run' as const, 'run' as const, 'run' as const, 'failure' as const, 'event' as const),
  who: fc.nat(999),
  agent: fc.constantFrom(undefined, undefined, 'claude-code', 'cursor'),
})

/**
 * Random uses: few or many, by one or up to thirty people, who update each on another day. Some days have no uses, one
 * command is no longer used, one is new, `deploy` begins to fail more often, and a robot may run one command all the time.
 */
export const history: fc.Arbitrary<Use[]> = fc
  .record({
    uses: fc.oneof(
      fc.array(aUse, { minLength: 1, maxLength: 40 }),
      fc.array(aUse, { minLength: 300, maxLength: 900, size: 'max' }),
    ),
    names: fc.subarray(NAMES, { minLength: 1 }),
    people: fc.constantFrom(1, 3, 7, 30),
    moves: fc.tuple(fc.nat(110), fc.nat(110)),
    ...{ spread: fc.nat(25), doctorStops: fc.nat(40), deployBegins: fc.constantFrom(20, 200, 200) },
    ...{
      failing: fc.constantFrom(0, 1, 6),
      gap: fc.constantFrom(0, 0, 0, 90),
      oldBy: fc.constantFrom(0, 0, 20),
    },
    ...{ many: fc.boolean(), agents: fc.boolean(), robot: fc.boolean() },
  })
  .map(({ uses, names, people, moves, spread, many, agents, robot, ...rest }) => {
    const [third, second] = moves.sort((a, b) => a - b) as [number, number]
    const all = uses.flatMap(({ daysAgo, second: seconds, who, agent, name: index, kind, count }): Use[] => {
      const name = names[index % names.length]!
      const [person, day] = [who % people, daysAgo + rest.oldBy]
      const stopped = name === 'doctor' && day < rest.doctorStops
      const early = name === 'deploy' && day > rest.deployBegins
      if (stopped || early || (rest.gap && day > 60 && day < 60 + rest.gap)) return []
      const moved = (person * 7) % (spread + 1)
      const version = day > second - moved ? '1.9.0' : day > third - moved ? '1.10.0' : '2.0.0'
      const one: Use = {
        ...{ time: at(day, 0) + seconds * 1000, count, name, version },
        kind: kind === 'failure' && rest.failing === 0 ? 'run' : kind,
        ...(many && { installation: `installation-${person}` }),
        ...(agents && agent && { agent }),
        ...(person % 2 && {
          os: person % 3 ? 'linux' : 'darwin',
          runtime: `nodejs ${20 + (person % 3) * 2}`,
        }),
      }
      const fails = name === 'deploy' && day < 15 && one.kind === 'run' && rest.failing > 1
      return fails ? [one, { ...one, kind: 'failure', count: Math.ceil(count / 2) }] : [one]
    })
    const robots = robot && many ? robotUses(people * 400) : []
    return [...all, ...robots]
  })

/** The uses of an installation that runs one command all day. */
export function robotUses(count: number, until = 0): Use[] {
  return Array.from({ length: 40 }, (_, day) =>
    use(day + until, { installation: 'the-robot', name: 'doctor', version: '1.9.0', count }),
  )
}
