import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { collectorBinary } from '../collector/build.ts'
import { answers, freePorts } from '../server.ts'
import { makeWorld } from '../world.ts'
import { cortexBinary, prometheusBinaries, thanosBinary } from './build.ts'
import { asked, DOCS, EXAMPLES, folder, TOKEN } from './examples.ts'
import { until } from './lab.ts'
import { query } from './prometheus.ts'
import { farFromPruning } from './thanos.ts'

/**
 * From an empty folder to the dashboard: the files are copied and the commands are taken out of docs/backends as they
 * are, with other ports and with rules that are evaluated every second.
 */

const PANELS: { title: string; targets: { expr: string }[] }[] = JSON.parse(
  readFileSync(join(EXAMPLES, '../grafana/dashboard.json'), 'utf8'),
).panels

interface SetUp {
  /** Of the one block of commands that has it. */
  sign: string
  /** Folders of examples, in the order in which they are copied. */
  folders: string[]
  /** Where the tool sends to, and where the dashboard asks, by the ports of the page. */
  collector: number
  asks: string
  /** URLs that the page says to wait for. */
  ready?: string[]
}

const SET_UPS: Record<string, SetUp> = {
  'one server': {
    sign: '--config.file=prometheus.yml',
    folders: ['collector'],
    ...{ collector: 4318, asks: 'http://127.0.0.1:9090' },
  },
  gateways: {
    sign: '--config.file=gateway-prometheus.yml',
    folders: ['collector'],
    ...{ collector: 4319, asks: 'http://127.0.0.1:9092' },
  },
  Cortex: {
    sign: '-config.file=cortex.yaml',
    folders: ['collector', 'cortex'],
    ...{ collector: 4319, asks: 'http://127.0.0.1:9011/prometheus' },
    ready: [9009, 9010, 9011].map(port => `http://127.0.0.1:${port}/ready`),
  },
  Thanos: {
    sign: 'thanos receive',
    folders: ['collector', 'thanos'],
    ...{ collector: 4319, asks: 'http://127.0.0.1:10904' },
  },
}

test.each(Object.entries(SET_UPS))('%s: the first command counted is on the dashboard', async (_, setUp) => {
  const dir = folder()
  for (const name of setUp.folders)
    for (const file of readdirSync(join(EXAMPLES, '..', name)))
      copyFileSync(join(EXAMPLES, '..', name, file), join(dir, file))

  const [commands, ...others] = [...DOCS.matchAll(/^( *)```sh\n(.*?)\n *```$/gms)]
    .map(([, indent, text]) => text!.replaceAll(`\n${indent}`, '\n'))
    .filter(text => text.includes(setUp.sign))
  expect(others).toEqual([])
  const moved = await differently([
    commands!,
    ...readdirSync(dir).map(file => readFileSync(join(dir, file), 'utf8')),
  ])
  for (const file of readdirSync(dir))
    writeFileSync(join(dir, file), moved(readFileSync(join(dir, file), 'utf8')))
  await runCommands(dir, moved(commands!))

  const endpoint = moved(`http://127.0.0.1:${setUp.collector}`)
  const world = makeWorld()
  world.writeConfig(
    `[telemetry]
     enabled = true
     endpoint = "${endpoint}"
     headers = { authorization = "Bearer ${TOKEN}" }`,
  )
  const authorization = `Bearer ${TOKEN}`
  const headers = { 'content-type': 'application/json', authorization }
  await until(() =>
    answers(`${endpoint}/v1/metrics`, { method: 'POST', headers, body: '{}' }).catch(() => false),
  )
  for (const url of setUp.ready ?? []) {
    await until(() => answers(moved(url)).catch(() => false))
  }
  expect(await world.tool(['build'], { TRIX_TELEMETRY: 'on' })).toMatchObject({ status: 0, stderr: '' })

  const shown = async (title: string) => {
    const { targets } = PANELS.find(panel => panel.title === title)!
    const samples = await query({ url: moved(setUp.asks) }, asked(targets[0]!.expr)).catch(() => [])
    return samples.map(({ labels, value }) => [labels.command_name ?? '', value])
  }
  await expect.poll(() => shown('Runs by command')).toEqual([['build', 1]])
  await expect.poll(() => shown('Installations')).toEqual([['', 1]])
})

/** What makes a text of the page one for here: each port that is in any of these texts is a free one, the same everywhere. */
async function differently(texts: readonly string[]): Promise<(text: string) => string> {
  const port = /(?<=[:=] ?)\d{4,5}(?![\w.])/g
  const used = [...new Set(texts.flatMap(text => text.match(port) ?? []))]
  const free = await freePorts(used.length)
  return text =>
    text
      .replace(port, found => (used.includes(found) ? `${free[used.indexOf(found)]}` : found))
      .replace(/(eval(?:uation)?[_-]interval[:=] ?)1m/g, '$11s')
}

/** By a shell, with the programs by the names of the page. They end with the test, or by themselves after five minutes. */
async function runCommands(dir: string, commands: string): Promise<void> {
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  const programs: Record<string, string> = {
    prometheus: (await prometheusBinaries()).prometheus,
    cortex: await cortexBinary(),
    thanos: await thanosBinary(),
    'otelcol-contrib': await collectorBinary(),
  }
  for (const [name, path] of Object.entries(programs)) {
    // The Collector of the tests ends with its stdin, which a shell's background process does not have.
    const stdin = name === 'otelcol-contrib' ? 'sleep 300 | ' : ''
    writeFileSync(join(bin, name), `#!/bin/sh\n${stdin}timeout --foreground 300 ${path} "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const log = openSync(join(dir, 'set-up.log'), 'a')
  const shell = spawn('/bin/sh', ['-e', '-c', `${commands}\nwait`], {
    cwd: dir,
    env: { PATH: `${bin}:${process.env.PATH}`, ...farFromPruning(dir) },
    stdio: ['ignore', log, log],
    detached: true,
  })
  onTestFinished(async () => {
    const gone = new Promise(resolve => shell.once('exit', resolve))
    process.kill(-shell.pid!, 'SIGKILL')
    await gone
  })
}
