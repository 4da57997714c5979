import { isProblem } from '../core/decide/config.ts'
import type { Answers } from '../core/decide/consent.ts'
import { consentPath } from '../core/decide/consent.ts'
import { ADDED_HEADERS, REQUEST_HEADERS } from '../core/deliver/job.ts'
import { configSentence } from '../explain/config.ts'
import { visible } from '../terminal/printable.ts'
import type { Context } from './context.ts'
import type { Ruling } from './counterfactuals.ts'
import { type Inspection, ownLog, setBy } from './inspect.ts'
import { lastRequest } from './last-request.ts'
import { firstOf, type StoredLog, seriesIn, totalsOf } from './logs.ts'
import { nextStep } from './next-step.ts'
import { isPlain } from './status.ts'

/** `status --json`. Field names are stable within a major version. */
export function statusJson(inspection: Inspection, { tool }: Context): string {
  const { decision, counterfactuals, target, folders, config, fingerprint, answers, notice, route, logs } =
    inspection
  const { options } = tool
  const value = {
    ...{ name: options.name, version: options.version },
    ...plain(decision),
    counterfactuals: counterfactuals.map(plain),
    nextStep: nextStep(inspection, tool),
    endpoint: target
      ? {
          url: target.url,
          setBy: setBy(inspection, options.name),
          plainHttp: isPlain(target),
        }
      : null,
    headers: target
      ? [...new Set([...REQUEST_HEADERS, ...Object.keys(target.headers), ...ADDED_HEADERS])]
      : [],
    policy: options.policy ?? null,
    config: { path: folders?.config ?? null, problem: isProblem(config) ? configSentence(config) : null },
    state: folders?.stateFolder ?? null,
    answer: {
      path: folders ? consentPath(folders.stateFolder) : null,
      no: time(answers.no),
      problem: answers.unreadable ?? null,
      yes: agreements(answers),
    },
    notice: agreements(notice),
    fingerprint: fingerprint?.fingerprint || null,
    fingerprintState: fingerprint?.status ?? null,
    instance: ownLog(inspection)?.fold.head?.id ?? null,
    delivery: route ? { route: route.route, reason: route.reason } : null,
    problems: inspection.problems,
    logs: logs.map(log => logJson(log, inspection.urls)),
  }
  return `${visible(JSON.stringify(value, null, 2))}\n`
}

const plain = ({ mode, row, reason }: Ruling) => ({ mode, row, reason })

function agreements({ agreed }: Answers) {
  return Object.entries(agreed).map(([origin, { noticeVersion, kinds, time: ms }]) => ({
    ...{ origin, noticeVersion, kinds, time: time(ms) },
  }))
}

function logJson(log: StoredLog, urls: Inspection['urls']) {
  const { path, version, local, current, bytes, fold } = log
  const { run: runs, failure: failures, event: events } = totalsOf(fold)
  const request = lastRequest([log], Date.now())
  return {
    ...{ path, version, local, current, bytes, runs, failures, events },
    url: local ? null : (urls.get(log.endpoint) ?? null),
    pending: local ? 0 : fold.total - fold.taken,
    instance: fold.head?.id ?? null,
    first: time(firstOf(fold)),
    lastRequest: request ? { result: request.result, why: request.why, time: time(request.time) } : null,
    series: [...fold.series].map(([text, { value, first }]) => {
      const { metric, attributes, kind } = seriesIn(text, fold)
      return { metric, attributes, kind, count: value, first: time(first) }
    }),
  }
}

/** ISO 8601; null for none or an invalid time. */
function time(ms: number | undefined): string | null {
  return ms && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null
}
