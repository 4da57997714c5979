// Prints examples/grafana/dashboard.json. Made with Grafana's Foundation SDK, in the classic model, which Grafana 13
// imports and provisions as well as older ones:
//   node test/backends/grafana/dashboard.js > examples/grafana/dashboard.json && npx biome format --write examples/grafana
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge'
import * as common from '@grafana/grafana-foundation-sdk/common'
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import * as table from '@grafana/grafana-foundation-sdk/table'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own
const SOURCE = { type: 'prometheus', uid: '${DS_PROMETHEUS}' }

/** A rule's result, of one server or of all gateways. A quarter of an hour bridges the restart of one. */
const last = rule => `last_over_time(${rule}[15m])`
const labels = (...more) => `{${['job="$tool"', ...more].join(', ')}}`
const CHOSEN = ['service_version=~"$version"', 'command_name=~"$command"']
const invocations = `job_version_command:command_invocation:day${labels(...CHOSEN)}`
const failures = `job_version_command:command_failure:day${labels(...CHOSEN)}`
const unknown = `job_version_command:command_invocation:day${labels('service_version=~"$version"', 'command_name="unknown"')}`
const installations = span => `sum(${last(`job:installations:${span}${labels()}`)})`
const versions = `job_version:installations:day${labels('service_version=~"$version"')}`
const reach = `job_command:installations:week${labels('command_name=~"$command"')}`
const environment = `job_environment:installations:week${labels()}`
const agents = last(`job_agent:command_invocation:day${labels()}`)

/** Nothing where none failed in 30 days, or none is counted: that is not a rate of 0. */
function failureRate(by) {
  const failed = `sum${by} (${last(failures)}) or 0 * sum${by} (last_over_time(${failures}[30d]))`
  return `(${failed}) / sum${by} (${last(invocations)})`
}

/** A version that was not there a day ago. */
const RELEASES = `sum by (service_version) (${last(`job_version:installations:day${labels()}`)}) unless sum by (service_version) (last_over_time(job_version:installations:day${labels()}[30d] offset 1d))`

const step = (value, color) => ({ value, color })
function thresholds(...steps) {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([step(null, steps.length ? 'green' : 'blue'), ...steps])
}
const ALARMING = [step(0.1, 'orange'), step(0.25, 'red')]

function query(expr, legend = '') {
  return new prometheus.DataqueryBuilder().expr(expr).legendFormat(legend).datasource(SOURCE)
}

function titled(builder, title, description) {
  return builder.title(title).description(description).datasource(SOURCE).unit('locale').noValue('none')
}

function number(title, description, expr, { unit = 'locale', none = 'none', steps = [] } = {}) {
  return titled(new stat.PanelBuilder(), title, description)
    .unit(unit)
    .noValue(none)
    .thresholds(thresholds(...steps))
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .withTarget(query(expr).instant().refId('A'))
    .height(4)
    .span(4)
}

function bars(title, description, expr, legend) {
  return titled(new bargauge.PanelBuilder(), title, description)
    .min(0)
    .thresholds(thresholds())
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .withTarget(query(expr, legend).instant().refId('A'))
    .height(10)
    .span(12)
}

/** Each point is of the 24 hours before it, so the lines move from day to day and not from hour to hour. */
function lines(title, description, ...queries) {
  const panel = titled(new timeseries.PanelBuilder(), title, description)
    .min(0)
    .interval('1h')
    .lineWidth(2)
    .fillOpacity(10)
    .showPoints(common.VisibilityMode.Never)
    .spanNulls(3 * 3_600_000)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Right)
        .showLegend(true)
        .calcs(['lastNotNull'])
        .sortBy('Last *')
        .sortDesc(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    )
    .height(9)
    .span(12)
  for (const [i, [expr, legend]] of queries.entries())
    panel.withTarget(query(expr, legend).range().refId('ABC'[i]))
  return panel
}

function failureRates(by, label) {
  return lines(`Failure rate by ${by}`, 'Share of the runs in the 24 hours before each point.', [
    failureRate(` by (${label})`),
    `{{${label}}}`,
  ])
    .unit('percentunit')
    .noValue('none counted')
}

function choice(name, label, values) {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(SOURCE)
    .query(values)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
}

/** Of the chosen tool: all of them, or some. */
function choices(name, title, label) {
  const values = `label_values(job_version_command:command_invocation:day{job="$tool"}, ${label})`
  return choice(name, title, values).multi(true).includeAll(true).allValue('.*')
}

const built = new dashboard.DashboardBuilder('Commands')
  .uid('otlp-tally')
  .description(
    'How a command-line tool is used, counted by otlp-tally. Needs the recording rules of examples/collector (rules.yml, or gateway-rules.yml). Days are those of UTC.',
  )
  .tags(['otlp-tally'])
  .time({ from: 'now-30d', to: 'now' })
  .refresh('5m')
  .timezone('utc')
  .tooltip(dashboard.DashboardCursorSync.Tooltip)
  .withVariable(choice('tool', 'Tool', 'label_values(job_version_command:command_invocation:day, job)'))
  .withVariable(choices('version', 'Version', 'service_version'))
  .withVariable(choices('command', 'Command', 'command_name'))
  .annotation(
    new dashboard.AnnotationQueryBuilder()
      .name('Releases')
      .datasource(SOURCE)
      .enable(true)
      .iconColor('blue')
      .expr(RELEASES)
      .step('1h')
      .titleFormat('{{service_version}}'),
  )
  .withPanel(number('Installations, 7 days', 'That ran anything. All versions.', installations('week')))
  .withPanel(number('Installations, 24 hours', 'That ran anything. All versions.', installations('day')))
  .withPanel(
    number(
      'New installations, 24 hours',
      'Not known before. Anyone can make some up: alerts.yml has an alert for a jump.',
      `sum(${last(`job:new_installations:day${labels()}`)})`,
    ),
  )
  .withPanel(number('Runs, 24 hours', 'Of the chosen versions and commands.', `sum(${last(invocations)})`))
  .withPanel(
    number('Failed, 24 hours', 'Share of the runs that failed.', failureRate(''), {
      unit: 'percentunit',
      none: 'none counted',
      steps: ALARMING,
    }),
  )
  .withPanel(
    number(
      'Unknown commands, 24 hours',
      'Share of all runs: mistyped, removed, or not in the tool’s list of commands.',
      `sum(${last(unknown)}) / sum(${last(`job_version_command:command_invocation:day${labels('service_version=~"$version"')}`)})`,
      { unit: 'percentunit', steps: ALARMING },
    ),
  )
  .withPanel(
    bars(
      'Most used: runs',
      'In the chosen time, in whole days of UTC.',
      `topk(15, sum by (command_name) (sum_over_time(${last(invocations)}[$__range:1d])))`,
      '{{command_name}}',
    ),
  )
  .withPanel(
    bars(
      'Most used: installations',
      'How many ran it in the last 7 days. All versions.',
      `topk(15, sum by (command_name) (${last(reach)}))`,
      '{{command_name}}',
    ),
  )
  .withPanel(
    lines('Runs by command', 'In the 24 hours before each point.', [
      `sum by (command_name) (${last(invocations)})`,
      '{{command_name}}',
    ]),
  )
  .withPanel(
    lines(
      'Installations',
      'That ran anything in the time before each point.',
      [installations('day'), '24 hours'],
      [installations('week'), '7 days'],
      [installations('month'), '30 days'],
    ),
  )
  .withPanel(
    lines('Versions', 'Share of the installations of the 24 hours before each point.', [
      `sum by (service_version) (${last(versions)})`,
      '{{service_version}}',
    ])
      .fillOpacity(70)
      .lineWidth(1)
      .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Percent).group('A')),
  )
  .withPanel(failureRates('version', 'service_version'))
  .withPanel(failureRates('command', 'command_name'))
  .withPanel(
    lines('Coding agents', 'Runs in the 24 hours before each point, where the tool counts agents.', [
      `label_replace(sum by (agent) (${agents}), "agent", "no agent detected", "agent", "")`,
      '{{agent}}',
    ]),
  )
  .withPanel(
    bars(
      'Operating systems',
      'Installations of the last 7 days, where the tool sends its environment.',
      `sum by (os_type) (${last(environment)})`,
      '{{os_type}}',
    ),
  )
  .withPanel(
    bars(
      'Runtimes',
      'Installations of the last 7 days, where the tool sends its environment.',
      `topk(15, sum by (process_runtime_name, process_runtime_version) (${last(environment)}))`,
      '{{process_runtime_name}} {{process_runtime_version}}',
    ),
  )
  .withPanel(
    titled(
      new table.PanelBuilder(),
      'Commands that nobody ran for 30 days',
      'And how often they were run in the 400 days before.',
    )
      .withTarget(
        query(
          'sum by (command_name) (sum_over_time(job_version_command:command_invocation:day{job="$tool", command_name!="unknown"}[400d:1d]))' +
            ' unless sum by (command_name) (last_over_time(job_version_command:command_invocation:day{job="$tool"}[30d]))',
        )
          .instant()
          .format(prometheus.PromQueryFormat.Table)
          .refId('A'),
      )
      .withTransformation({
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          renameByName: { command_name: 'Command', Value: 'Runs' },
        },
      })
      .withTransformation({ id: 'sortBy', options: { sort: [{ field: 'Runs', desc: true }] } })
      .height(9)
      .span(24),
  )
  .build()

const model = {
  __inputs: [
    {
      name: 'DS_PROMETHEUS',
      label: 'Prometheus',
      type: 'datasource',
      pluginId: 'prometheus',
      pluginName: 'Prometheus',
    },
  ],
  __requires: [
    { type: 'grafana', id: 'grafana', name: 'Grafana', version: '10.0.0' },
    { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
    ...['bargauge', 'stat', 'table', 'timeseries'].map(id => ({ type: 'panel', id, name: id, version: '' })),
  ],
  ...built,
}
process.stdout.write(`${JSON.stringify(model, null, 2)}\n`)
