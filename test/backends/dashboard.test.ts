import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asked, EXAMPLES } from './examples.ts'

/** examples/grafana/dashboard.json. Its expressions are run by promtool, with the rules, in setup-to-copy.test.ts. */

const FILE = join(EXAMPLES, '../grafana/dashboard.json')
const TEXT = readFileSync(FILE, 'utf8')
const GENERATOR = join(import.meta.dirname, 'grafana')

interface Panel {
  title: string
  type: string
  gridPos: { x: number; y: number; w: number; h: number }
  datasource: unknown
  fieldConfig: { defaults: object }
  targets: { expr: string; refId: string; datasource: unknown }[]
}
const { panels, annotations, graphTooltip, __inputs, __requires, templating } = JSON.parse(TEXT) as {
  panels: Panel[]
  __inputs: { name: string }[]
  __requires: { type: string; id: string }[]
  annotations: { list: { name: string; expr: string; datasource: unknown }[] }
  graphTooltip: number
  templating: { list: { name: string; query: string }[] }
}

test('the dashboard is what the generator makes with Grafana’s own types', () => {
  if (!existsSync(join(GENERATOR, 'node_modules')))
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: GENERATOR })
  const made = execFileSync(process.execPath, [join(GENERATOR, 'dashboard.js')], { encoding: 'utf8' })
  expect(JSON.parse(TEXT)).toEqual(JSON.parse(made))
})

test.each(['rules-test.yml', 'gateway-rules-test.yml'])(
  'every expression of the dashboard is in %s with an answer that was counted by hand',
  name => {
    const tested = readFileSync(join(EXAMPLES, name), 'utf8')
    const expressions = [
      ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...annotations.list.map(({ expr }) => expr),
    ]
    expect(expressions.length).toBeGreaterThan(12)
    for (const expr of expressions) expect(tested).toContain(`- expr: '${asked(expr)}'\n        eval_time: `)
  },
)

test('the rules record every series that the dashboard asks for', () => {
  const wanted = new Set(TEXT.match(/job\w*:\w+:\w+/g))
  expect(wanted.size).toBeGreaterThan(5)
  for (const name of ['rules.yml', 'gateway-rules.yml']) {
    const recorded = new Set(readFileSync(join(EXAMPLES, name), 'utf8').match(/(?<=record: )\S+/g))
    expect([...wanted].filter(series => !recorded.has(series))).toEqual([])
  }
})

test('an import asks for the data source, and for nothing else', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own
  const input = '${DS_PROMETHEUS}'
  const source = { type: 'prometheus', uid: input }
  expect(__inputs.map(({ name }) => name)).toEqual(['DS_PROMETHEUS'])
  for (const { datasource, targets } of panels)
    expect([datasource, ...targets.map(({ datasource }) => datasource)]).toEqual(
      Array(targets.length + 1).fill(source),
    )
  const variables = new Set(TEXT.replaceAll(input, '').match(/\$\{?\w+/g))
  expect([...variables].sort()).toEqual(['$__range', ...templating.list.map(({ name }) => `$${name}`).sort()])
  const types = new Set(panels.map(({ type }) => type))
  expect(new Set(__requires.flatMap(({ type, id }) => (type === 'panel' ? [id] : [])))).toEqual(types)
})

test('where nothing was counted no panel says 0, and each number has its unit', () => {
  for (const { title, fieldConfig } of panels)
    expect({ title, ...fieldConfig.defaults }).toMatchObject({
      noValue: expect.stringMatching(/^none/),
      unit: /rate|Failed|Unknown/.test(title) ? 'percentunit' : 'locale',
    })
  // The pointer is at the same time in all of them.
  expect(graphTooltip).toBe(2)
})

test('no panel lies on another, and each has a title of its own', () => {
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
  const taken = new Set<string>()
  for (const { gridPos, title } of panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect({ title, x, free: x < 24 && !taken.has(`${x} ${y}`) }).toEqual({ title, x, free: true })
        taken.add(`${x} ${y}`)
      }
})
