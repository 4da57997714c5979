import { percent } from '../terminal/number.ts'
import { adoptionClaim } from './adoption.ts'
import type { Claim } from './claim.ts'
import { failedShare } from './failures.ts'
import { silenceClaim } from './silence.ts'
import { type Summary, UNKNOWN } from './usage.ts'
import type { Use } from './use.ts'

/** More than this is no longer read as one sentence. */
const MAX_CLAIMS = 3
/** Shares of fewer runs than these say nothing. */
const MIN_RUNS = 10
const MIN_RUNS_OF_ONE = 20

/**
 * The claims that are worth a headline, most important first. Each is literally true of the counts; what would be true
 * but means nothing (the share of the only command, a change since counting began) is not claimed.
 */
export function claimsOf(summary: Summary, uses: readonly Use[], now: number): Claim[] {
  const runs = uses.filter(({ kind, time }) => kind === 'run' && time <= now)
  const claims = [
    shareClaim(summary),
    summary.installations && adoptionClaim(runs, now),
    silenceClaim(runs, summary, now),
    failureClaim(summary),
    agentClaim(summary),
  ].filter(claim => claim !== undefined)
  const growth = growthClaim(summary)
  // The page has the growth as a number, so it is said only where nothing else stands out.
  return claims.length || !growth ? claims.slice(0, MAX_CLAIMS) : [growth]
}

function shareClaim({ commands, total }: Summary): Claim | undefined {
  const top = commands.find(({ name }) => name !== UNKNOWN)
  if (!top || commands.length < 2 || total < MIN_RUNS) return undefined
  return [{ name: top.name }, ` is ${percent(top.share)} of all use`]
}

function failureClaim({ failures = [] }: Summary): Claim | undefined {
  const worst = failures.find(({ now }) => now.runs >= MIN_RUNS_OF_ONE && failedShare(now)! >= 0.05)
  if (!worst) return undefined
  const share = percent(failedShare(worst.now)!)
  return [`${share} of the `, { name: worst.name }, ` runs of the last ${worst.days} days failed`]
}

function agentClaim({ agents, total }: Summary): Claim | undefined {
  if (!agents || total < MIN_RUNS) return undefined
  const share = agents.agents.reduce((sum, { count }) => sum + count, 0) / total
  return [`agents make ${percent(share)} of all runs`]
}

function growthClaim({ comparisons }: Summary): Claim | undefined {
  for (const { days, now, before, whole } of [...comparisons].reverse()) {
    const change = Math.round((100 * (now - before)) / before)
    if (!whole || before < MIN_RUNS_OF_ONE || Math.abs(change) < 10) continue
    return [
      `the last ${days} days have ${percent(Math.abs(now - before) / before)} ${change > 0 ? 'more' : 'fewer'} runs than the ${days} before`,
    ]
  }
  return undefined
}
