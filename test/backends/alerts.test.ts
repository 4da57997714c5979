import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copied, folder } from './examples.ts'
import { promtool } from './promtool.ts'

/** Rules and alerts with many installations, by promtool: which alerts fire, and which do not. Values every twelve hours for five days. */

interface Series {
  series: string
  values: string
}

const ALERTS = ['TenInstallationsMakeMostRuns', 'ManyNewInstallations', 'ManyVersions', 'VersionFailsMore']

function series(who: string, values: string, version = '1.0.0', metric = 'command_invocation_total'): Series {
  const ids = `instance="${who}", user_fingerprint="${who}"`
  return {
    series: `${metric}{job="trix", ${ids}, service_version="${version}", command_name="build"}`,
    values,
  }
}

/** Installations that run two commands a day. */
const usual = Array.from({ length: 110 }, (_, i) => series(`u${i}`, '1+1x10'))

/** Which alerts fire two hours after the last value, and what they say. The others must not fire. */
const cases: Record<string, { input: Series[]; fires: Record<string, [summary: string, labels?: object]> }> =
  {
    'a usual day': { input: usual, fires: {} },
    'one of them runs 400': {
      input: [...usual, series('robot', '1+1x9 411')],
      fires: {
        TenInstallationsMakeMostRuns: ['Ten installations made 67.52% of the runs of trix in 24 hours.'],
      },
    },
    '200 that nobody knew, each in a version of its own': {
      input: [...usual, ...Array.from({ length: 200 }, (_, i) => series(`f${i}`, '_x9 0 1', `3.${i}.0`))],
      fires: {
        ManyNewInstallations: ['200 new installations of trix in 24 hours, three times as many as usual.'],
        ManyVersions: ['35.95% of the runs of trix are of versions beyond the 50 most used.'],
      },
    },
    'a release of which a third fails': {
      input: [
        series('a', '1000+1000x10'),
        series('a', '20+20x10', '1.0.0', 'command_failure_total'),
        series('b', '_x9 0 120', '1.1.0'),
        series('b', '_x9 0 40', '1.1.0', 'command_failure_total'),
      ],
      fires: {
        VersionFailsMore: ['33.33% of the runs of trix 1.1.0 failed.', { service_version: '1.1.0' }],
      },
    },
  }

test.each(['rules.yml', 'gateway-rules.yml'])(
  '%s: of 60 versions those of the fewest installations are "other", and no run is lost',
  async rules => {
    const dir = folder()
    copied(dir, rules)
    const input = Array.from({ length: 60 }, (_, version) =>
      Array.from({ length: version < 40 ? 3 : version < 50 ? 2 : 1 }, (_, i) =>
        series(`${version}-${i}`, '0 2', `1.${version}.0`),
      ),
    ).flat()
    const total = 'job_version_command:command_invocation:day'
    const answers = {
      [`sum(${total}{service_version="other"})`]: 20,
      [`count(${total})`]: 51,
      [`sum(${total})`]: 300,
    }
    const promql_expr_test = Object.entries(answers).map(([expr, value]) => ({
      ...{ expr, eval_time: '12h' },
      exp_samples: [{ labels: '{}', value }],
    }))
    const tests = [{ interval: '12h', input_series: input, promql_expr_test }]
    writeFileSync(
      join(dir, 'test.json'),
      JSON.stringify({ rule_files: [rules], evaluation_interval: '1h', tests }),
    )
    expect(await promtool(['test', 'rules', 'test.json'], dir)).toContain('SUCCESS')
  },
)

test('promtool has nothing to say against alerts.yml', async () => {
  expect(await promtool(['check', 'rules', 'alerts.yml'])).toContain(`SUCCESS: ${ALERTS.length} rules found`)
})

test.each(['rules.yml', 'gateway-rules.yml'])(
  'with %s each alert fires for its case, and for no other',
  async rules => {
    const dir = folder()
    copied(dir, rules)
    copied(dir, 'alerts.yml')
    const tests = Object.entries(cases).map(([name, { input, fires }]) => ({
      name,
      interval: '12h',
      input_series: input,
      alert_rule_test: ALERTS.map(alertname => ({
        alertname,
        eval_time: '5d2h',
        exp_alerts: Object.entries(fires)
          .filter(([name]) => name === alertname)
          .map(([, [summary, labels]]) => ({
            exp_labels: { job: 'trix', ...labels },
            exp_annotations: { summary },
          })),
      })),
    }))
    const file = {
      rule_files: [rules, 'alerts.yml'],
      // As they are by themselves only in the order of chance.
      group_eval_order: ['otlp-tally', 'otlp-tally-alerts'],
      evaluation_interval: '1h',
      tests,
    }
    writeFileSync(join(dir, 'test.json'), JSON.stringify(file))
    expect(await promtool(['test', 'rules', 'test.json'], dir)).toContain('SUCCESS')
  },
)
