import { dayOf } from './days.ts'
import type { Use } from './use.ts'

/** A row of fewer installations than this could be known to be somebody's. */
const MIN_INSTALLATIONS = 5
const OTHER = 'other'
const MS = 86_400_000

/**
 * The same uses, fit to be published: no installation is in them, no time is finer than a day, and each name, version
 * and agent that is left was seen at 5 installations or more in the `days` whole days before `today`. The rest is merged
 * as `other`; if that would be fewer than 5 too, with the smallest of the rows that would have been left. Throws an
 * `Error` with a sentence if nothing can be published.
 */
export function publicUses(uses: readonly Use[], today: number, days: number): Use[] {
  const inPeriod = uses.filter(({ time }) => dayOf(time) >= today - days && dayOf(time) < today)
  if (uses.some(({ installation }) => installation === undefined))
    throw new Error(
      '--public needs user.fingerprint or service.instance.id on every count, to know how many installations a row has',
    )
  const runs = inPeriod.filter(({ kind }) => kind === 'run')
  if (countOf(runs) < MIN_INSTALLATIONS)
    throw new Error(`--public shows nothing of fewer than ${MIN_INSTALLATIONS} installations`)

  const commands = mergerOf(runs, ({ name }) => name)
  const versions = mergerOf(runs, ({ version }) => version)
  // Too few to be merged among themselves are left out: there is no other row for them to be part of.
  const events = mergerOf(
    inPeriod.filter(({ kind }) => kind === 'event'),
    ({ name }) => name,
  )
  const failing = new Set(
    [...groups(inPeriod, use => (use.kind === 'failure' ? commands(use.name) : undefined))]
      .filter(([, who]) => who.size >= MIN_INSTALLATIONS)
      .map(([name]) => name),
  )
  const agents = mergerOf(
    runs.filter(({ agent }) => agent !== undefined),
    ({ agent }) => agent!,
  )
  const without = runs.filter(({ agent }) => agent === undefined)
  const saysAgents = !without.length || countOf(without) >= MIN_INSTALLATIONS

  return uses
    .filter(({ time }) => dayOf(time) < today)
    .flatMap(({ time, count, kind, name, version, agent }): Use[] => {
      const command = commands(name)
      // A failure is shown beside the runs of its command, so few failures are not merged with others but left out.
      const shown = {
        run: command,
        failure: command !== undefined && failing.has(command) ? command : undefined,
        event: events(name),
      }[kind]
      if (shown === undefined) return []
      const who = saysAgents && agent !== undefined ? agents(agent) : undefined
      return [
        {
          ...{ time: dayOf(time) * MS, count, kind, name: shown, version: versions(version) ?? OTHER },
          ...(who !== undefined && { agent: who }),
        },
      ]
    })
}

/** Says under which name a row is shown: its own, `other`, or undefined where all rows together are too few. */
function mergerOf(uses: readonly Use[], nameOf: (use: Use) => string): (name: string) => string | undefined {
  const rows = groups(uses, nameOf)
  const kept = new Map(
    [...rows].sort(([a, { size: sizeA }], [b, { size: sizeB }]) => sizeB - sizeA || (a < b ? -1 : 1)),
  )
  const merged = new Set(kept.get(OTHER))
  kept.delete(OTHER)
  for (const [name, who] of [...kept].reverse()) {
    if (who.size >= MIN_INSTALLATIONS && (!merged.size || merged.size >= MIN_INSTALLATIONS)) break
    for (const one of who) merged.add(one)
    kept.delete(name)
  }
  const rest = merged.size >= MIN_INSTALLATIONS ? OTHER : undefined
  return name => (kept.has(name) ? name : rest)
}

/** The installations that used each name. */
function groups(uses: readonly Use[], nameOf: (use: Use) => string | undefined): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>()
  for (const use of uses) {
    const name = nameOf(use)
    if (name === undefined) continue
    if (!groups.has(name)) groups.set(name, new Set())
    groups.get(name)!.add(use.installation!)
  }
  return groups
}

function countOf(uses: readonly Use[]): number {
  return new Set(uses.map(({ installation }) => installation)).size
}
