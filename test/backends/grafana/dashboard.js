// Prints examples/grafana/dashboard.json. Made with Grafana's Foundation SDK, in the classic model, which Grafana 13
// imports and provisions as well as older ones:
//   node test/backends/grafana/dashboard.js > examples/grafana/dashboard.json && npx biome format --write examples/grafana
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
const invocations = more => last(`job_version_command:command_invocation:day{job="$tool"${more ?? ''}}`)
const failures = last('job_version_command:command_failure:day{job="$tool"}')
const agents = last('job_agent:command_invocation:day{job="$tool"}')
const installations = span => `sum(${last(`job:installations:${span}{job="$tool"}`)})`

function query(expr, legend = '') {
  return new prometheus.DataqueryBuilder().expr(expr).legendFormat(legend).datasource(SOURCE)
}

function number(title, description, expr, unit = 'short') {
  return new stat.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .unit(unit)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .withTarget(query(expr).instant().refId('A'))
    .height(4)
    .span(4)
}

/** Each point is of the 24 hours before it, so the lines move from day to day and not from hour to hour. */
function lines(title, description, ...queries) {
  const panel = new timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .unit('short')
    .min(0)
    .decimals(0)
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
        .calcs(['lastNotNull']),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi))
    .height(9)
    .span(12)
  for (const [i, [expr, legend]] of queries.entries())
    panel.withTarget(query(expr, legend).range().refId('ABC'[i]))
  return panel
}

const built = new dashboard.DashboardBuilder('Commands')
  .uid('otlp-tally')
  .description(
    'How a command-line tool is used, counted by otlp-tally. Needs the recording rules of examples/collector (rules.yml, or gateway-rules.yml in a fleet).',
  )
  .tags(['otlp-tally'])
  .time({ from: 'now-30d', to: 'now' })
  .refresh('5m')
  .timezone('utc')
  .withVariable(
    new dashboard.QueryVariableBuilder('tool')
      .label('Tool')
      .datasource(SOURCE)
      .query('label_values(job_version_command:command_invocation:day, job)')
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      .sort(dashboard.VariableSort.AlphabeticalAsc),
  )
  .withPanel(number('Invocations, 24 hours', 'All commands together.', `sum(${invocations()})`))
  .withPanel(number('Installations, 24 hours', 'That ran anything.', installations('day')))
  .withPanel(number('Installations, 7 days', 'That ran anything.', installations('week')))
  .withPanel(number('Installations, 30 days', 'That ran anything.', installations('month')))
  .withPanel(
    number(
      'Failed, 24 hours',
      'Share of the invocations that failed. Empty where the tool does not count failures.',
      `sum(${failures}) / sum(${invocations()})`,
      'percentunit',
    ),
  )
  .withPanel(
    number(
      'Unknown commands, 24 hours',
      'Mistyped, removed, or not in the tool’s list of commands.',
      `sum(${invocations(', command_name="unknown"')})`,
    ),
  )
  .withPanel(
    lines('Commands', 'Invocations in the 24 hours before each point.', [
      `sum by (command_name) (${invocations()})`,
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
    lines('Versions', 'Share of the invocations in the 24 hours before each point.', [
      `sum by (service_version) (${invocations()})`,
      '{{service_version}}',
    ])
      .fillOpacity(70)
      .lineWidth(1)
      .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Percent).group('A')),
  )
  .withPanel(
    lines('Failures', 'By command, in the 24 hours before each point.', [
      `sum by (command_name) (${failures})`,
      '{{command_name}}',
    ]),
  )
  .withPanel(
    lines('Agents', 'Invocations by coding agents. The line without a name is people.', [
      `sum by (agent) (${agents})`,
      '{{agent}}',
    ]),
  )
  .withPanel(
    new table.PanelBuilder()
      .title('Commands that nobody used for 30 days')
      .description('And how often they were used in the 400 days before.')
      .datasource(SOURCE)
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
          renameByName: { command_name: 'Command', Value: 'Invocations' },
        },
      })
      .height(9)
      .span(12),
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
    ...['stat', 'table', 'timeseries'].map(id => ({ type: 'panel', id, name: id, version: '' })),
  ],
  ...built,
}
process.stdout.write(`${JSON.stringify(model, null, 2)}\n`)
