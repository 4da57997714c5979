import { dayOf } from './days.ts'
import type { Use } from './use.ts'

/** A row of fewer installations could be recognised as somebody's. */
const MIN_INSTALLATIONS = 5
const OTHER = 'other'
const MS = 86_400_000

/**
 * The uses in a form that can be published: without installations, with days as times, and only names, versions and
 * agents of at least 5 installations in the `days` whole days before `today`. The others are merged as `other`, together
 * with the smallest other rows until `other` has 5 installations too. Throws an `Error` with a sentence if nothing can
 * be published.
 */
export function publicUses(uses: readonly Use[], today: number, days: number): Use[] {
  const inPeriod = uses.filter(({ time }) => dayOf(time) >= today - days && dayOf(time) < today)
  if (uses.some(({ installation }) => installation === undefined))
    throw new Error(
      '--public needs user.fingerprint or service.instance.id on every count, to know how many installations are in a row',
    )
  const runs = inPeriod.filter(({ kind }) => kind === 'run')
  if (installationsIn(runs) < MIN_INSTALLATIONS)
    throw new Error(`--public shows nothing of fewer than ${MIN_INSTALLATIONS} installations`)

  const commands = mergerOf(runs, ({ name }) => name)
  const versions = mergerOf(runs, ({ version }) => version)
  // If all events together have fewer than 5 installations, they are left out.
  const events = mergerOf(
    inPeriod.filter(({ kind }) => kind === 'event'),
    ({ name }) => name,
  )
  const failing = new Set(
    [...installationsBy(inPeriod, use => (use.kind === 'failure' ? commands(use.name) : undefined))]
      .filter(([, who]) => who.size >= MIN_INSTALLATIONS)
      .map(([name]) => name),
  )
  const agents = mergerOf(
    runs.filter(({ agent }) => agent !== undefined),
    ({ agent }) => agent!,
  )
  const without = runs.filter(({ agent }) => agent === undefined)
  const saysAgents = !without.length || installationsIn(without) >= MIN_INSTALLATIONS

  return uses
    .filter(({ time }) => dayOf(time) < today)
    .flatMap(({ time, count, kind, name, version, agent }): Use[] => {
      const command = commands(name)
      // Failures are shown in the row of their command, so too few of them are left out and not merged.
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

/** Returns the name under which a row is shown: its own, `other`, or undefined if all rows together are too few. */
function mergerOf(uses: readonly Use[], nameOf: (use: Use) => string): (name: string) => string | undefined {
  const rows = installationsBy(uses, nameOf)
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
function installationsBy(
  uses: readonly Use[],
  nameOf: (use: Use) => string | undefined,
): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const use of uses) {
    const name = nameOf(use)
    if (name === undefined) continue
    if (!found.has(name)) found.set(name, new Set())
    found.get(name)!.add(use.installation!)
  }
  return found
}

function installationsIn(uses: readonly Use[]): number {
  return new Set(uses.map(({ installation }) => installation)).size
}
