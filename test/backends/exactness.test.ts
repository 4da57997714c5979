import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Counts } from '../collector/counts.ts'
import { randomOf } from '../fuzz/random.ts'
import { add, COLUMNS, type Column, type Lab, pick, startLab } from './lab.ts'
import { clock, type Home, type Load, makeLoad, type Post } from './load.ts'
import { increase, type Sent } from './model.ts'

/**
 * The table: what happens on the way (a row) × who is asked (a column). Every cell is what was run, exactly, or an
 * exception that is named, with its reason and its very number. Real processes, real backends.
 */

let lab: Lab
beforeAll(async () => {
  console.log(`SEED=${SEED}`)
  lab = await startLab()
})
afterAll(() => lab?.stop())

const MINUTE = 60_000
const WEEK = ['init', 'build', 'check', 'build']
/** Of what is lost. Another one each day, and `SEED=…` for a certain one. */
const SEED = Number(process.env.SEED ?? Math.floor(Date.now() / 86_400_000))

/** What a row has to work with. */
interface Row {
  load: Load
  homes: Home[]
  /** Two versions of its own. */
  one: string
  two: string
  sent: Sent[]
  /** Hands a request on. What is not handed on is lost. */
  send(post: Post): Promise<void>
  /** Remembered for an exception: invocations that some columns do not know of. */
  missed: Counts
}

/** Why a column does not say what was run, and what it says instead. */
interface Exception {
  why: string
  says(row: Row): Counts
  /** It depends on the order in which processes came to run. */
  atTimes?: true
}

interface Case {
  what: string
  run(row: Row): Promise<void>
  exceptions?: Partial<Record<Column, Exception>>
}

/** For several columns at once. */
function each(exception: Exception, ...columns: Column[]): Partial<Record<Column, Exception>> {
  return Object.fromEntries(columns.map(column => [column, exception]))
}

/** All but what the row has remembered. */
const withoutMissed = ({ load, missed }: Row): Counts => minus(load.truth, missed)

const FIRST_LOST: Exception = {
  why: 'it counts from the first value that it gets',
  says: ({ sent }) => increase(sent.filter(({ accepted }) => accepted)),
}
const NOT_SENT_YET: Exception = {
  why: 'the next command of the installation brings it',
  says: withoutMissed,
}
const OLD_START: Exception = {
  why: 'the first requests were lost, and the start is too old to be stored',
  says: withoutMissed,
}
const UNKNOWN: Exception = {
  why: 'the series began before the Collector started',
  says: withoutMissed,
}
const BASELINE: Exception = {
  why: 'after a restart it counts from the next value on',
  says: withoutMissed,
}
const ALL = COLUMNS
const cases: Case[] = [
  {
    what: 'every installation upgrades in the middle',
    run: row => Promise.all(row.homes.map(home => usual(row, home, row.send))).then(() => {}),
  },
  {
    what: 'two versions run side by side',
    run: ({ homes, one, two, send }) =>
      together(homes, async home => {
        for (const command of ['build', 'check', 'build', 'check'])
          for (const version of [one, two]) await send(await home.run(version, command))
      }),
  },
  {
    what: '30 % of the requests are lost at random',
    run: row =>
      together(row.homes, async (home, i) => {
        const next = randomOf(SEED + i)
        await usual(row, home, async (post, last) => {
          // The last one of a version arrives: what is lost after it is the next case.
          if (next() >= 0.3 || last) await row.send(post)
        })
      }),
    exceptions: each({ ...FIRST_LOST, atTimes: true }, 'default: increase'),
  },
  {
    what: 'the last request of each installation is lost',
    run: row =>
      together(row.homes, async home => {
        await usual(row, home, async (post, last, command) => {
          if (last) row.missed = add(row.missed, { [`${post.version} ${command}`]: 1 })
          else await row.send(post)
        })
      }),
    exceptions: each(NOT_SENT_YET, ...ALL),
  },
  {
    what: 'the last request of each installation is lost, and then comes one more command',
    run: row =>
      together(row.homes, async home => {
        await usual(row, home, async (post, last) => last || row.send(post))
        await row.send(await home.run(row.one, 'build'))
        await row.send(await home.run(row.two, 'build'))
      }),
    exceptions: each(FIRST_LOST, 'default: increase'),
  },
  {
    what: 'all requests of the first 70 minutes are lost, then one arrives',
    run: async ({ homes, one, load, send, ...row }) => {
      await together(homes, async home => {
        for (const command of ['init', 'build', 'check', 'build'])
          await home.run(one, command, clock(-70 * MINUTE))
        await send(await home.run(one, 'build'))
      })
      Object.assign(row.missed, load.truth)
    },
    exceptions: {
      ...each(FIRST_LOST, 'default: increase'),
      ...each(OLD_START, 'recommended: increase', 'recommended: gateway'),
      ...each(UNKNOWN, 'delta'),
    },
  },
  {
    what: 'a week offline, then one request arrives',
    async run({ homes, one, load, send, ...row }) {
      await together(homes, async home => {
        await home.runOffline(one, WEEK, clock(-7 * 24 * 60 * MINUTE))
        await send(await home.run(one, 'build'))
      })
      Object.assign(row.missed, load.truth)
    },
    exceptions: each(UNKNOWN, 'delta'),
  },
  {
    what: 'a week offline, then an upgrade, then one request of the new version arrives',
    async run({ homes, one, two, load, send, ...row }) {
      await together(homes, home => home.runOffline(one, WEEK, clock(-7 * 24 * 60 * MINUTE)))
      Object.assign(row.missed, load.truth)
      await together(homes, async home => send(await home.run(two, 'build')))
    },
    exceptions: each(UNKNOWN, 'delta'),
  },
  {
    what: 'requests arrive in the wrong order within seconds',
    async run(row) {
      const held: Post[] = []
      await Promise.all(row.homes.map(home => usual(row, home, async post => held.push(post))))
      await lab.settle()
      for (let i = 0; i < held.length; i += 5)
        for (const post of held.slice(i, i + 5).reverse()) await row.send(post)
    },
    exceptions: each(
      { ...FIRST_LOST, why: 'it refuses what is older than what it has' },
      'default: increase',
    ),
  },
  {
    what: '50 processes at once, and then one more',
    async run({ homes: [home], one, send }) {
      const posts = await home!.runAtOnce(50, one, 'build')
      await lab.settle()
      for (const post of posts) await send(post)
      await send(await home!.run(one, 'build'))
    },
    exceptions: each({ ...FIRST_LOST, atTimes: true }, 'default: increase'),
  },
  {
    what: 'the Collectors restart in the middle',
    async run(row) {
      const { homes, one, send } = row
      const some = (home: Home) =>
        inTurn(['build', 'check', 'build'], async command => send(await home.run(one, command)))
      await together(homes, some)
      await lab.restartCollectors()
      await together(homes, async home => {
        await send(await home.run(one, 'check'))
        row.missed = add(row.missed, { [`${one} check`]: 1 })
      })
      await lab.settle()
      await together(homes, some)
    },
    exceptions: each(BASELINE, 'delta'),
  },
  {
    what: 'Prometheus, Cortex and Thanos restart in the middle',
    async run({ homes, one, send }) {
      const some = (home: Home) =>
        inTurn(['init', 'build', 'check', 'build'], async command => send(await home.run(one, command)))
      await together(homes, some)
      await lab.restartStores()
      await together(homes, some)
    },
  },
  {
    what: 'the state is deleted in the middle',
    run: ({ homes, one, send }) =>
      together(homes, async home => {
        const some = () =>
          inTurn(['build', 'check', 'build'], async command => send(await home.run(one, command)))
        await some()
        home.deleteState()
        await some()
      }),
  },
  {
    what: 'a log reaches its bound',
    async run({ homes: [home], one, load, send }) {
      await send(await home!.run(one, 'build'))
      const folder = join(home!.world.state, 'v1')
      const log = join(folder, readdirSync(folder).find(name => name.endsWith('.log'))!)
      // Not just now, or it would be a burst.
      const mark = `\ncommand_invocation,command_name=build ${Date.now() - 2 * MINUTE}`
      const marks = Math.ceil((2 ** 24 - statSync(log).size) / mark.length)
      appendFileSync(log, mark.repeat(marks))
      load.truth = add(load.truth, { [`${one} build`]: marks })
      await inTurn(['build', 'build'], async command => send(await home!.run(one, command)))
      expect(load.streams.size).toBe(2)
    },
  },
  {
    what: 'a clock is two minutes behind for a while',
    run: ({ homes, one, send }) =>
      together(homes, async home => {
        const some = (offset: number) =>
          inTurn(['build', 'check', 'build'], async command =>
            send(await home.run(one, command, clock(offset))),
          )
        await some(0)
        await some(-2 * MINUTE)
        await some(0)
      }),
  },
  {
    what: 'a clock is an hour behind for a while',
    async run({ homes, one, send }) {
      const some = async (offset: number) => {
        const posts: Post[] = []
        await together(homes, home =>
          inTurn(['build', 'check', 'build'], async command =>
            posts.push(await home.run(one, command, clock(offset))),
          ),
        )
        await lab.settle()
        for (const post of posts) await send(post)
      }
      await some(0)
      await some(-60 * MINUTE)
      await some(0)
    },
  },
]

let row = 0
test.each(cases)('$what', async ({ run, exceptions = {} }) => {
  const load = await makeLoad(3)
  const sent: Sent[] = []
  const version = `${++row}.0`
  const context: Row = {
    load,
    homes: load.homes,
    one: `1.${version}`,
    two: `2.${version}`,
    sent,
    missed: {},
    async send(post) {
      sent.push({ ...post, accepted: await lab.send(post) })
    },
  }
  await run(context)
  await lab.settle()

  const truth = context.load.truth
  const says: Partial<Record<Column, Counts>> = {}
  const expected: typeof says = {}
  for (const column of COLUMNS) {
    says[column] = aboveZero(await lab.counts(column, load.streams))
    expected[column] = aboveZero(exceptions[column]?.says(context) ?? truth)
  }
  expect(says).toEqual(expected)
  // An exception that is none any more has to leave the table.
  for (const [column, { why, atTimes }] of Object.entries(exceptions))
    if (!atTimes)
      expect({ column, why, says: says[column as Column] }).not.toEqual({ column, why, says: truth })
})

/** What docs call a column. Each has to be in a sentence of the page. */
const CALLED: Record<Column, string> = {
  'default: increase': '`increase()` by default',
  'default: last': 'the newest value',
  'default: day': 'the rules',
  'recommended: increase': '`increase()`',
  'recommended: last': 'the newest value',
  'recommended: day': 'the rules',
  'recommended: gateway': 'gateways',
  'cortex: last': 'the newest value',
  'cortex: day': 'the rules, Cortex',
  'thanos: last': 'the newest value',
  'thanos: day': 'the rules, Thanos',
  file: "the Collector's file",
  page: "the Collector's page",
  delta: 'deltas',
}

test('docs/backends/how-right.md says this, and nothing else', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/backends/how-right.md'), 'utf8')
  const rows: string[] = []
  const exact: string[] = []
  const reasons: Record<string, Set<string>> = {}
  for (const { what, exceptions = {} } of cases) {
    const byReason: Record<string, string[]> = {}
    for (const [column, { why }] of Object.entries(exceptions))
      (byReason[why] ??= []).push(CALLED[column as Column])
    const wrong = Object.entries(byReason).map(([why, names]) => {
      const who = names.length === COLUMNS.length ? 'everyone' : names.join(', ')
      ;(reasons[who] ??= new Set()).add(why)
      return who
    })
    if (wrong.length) rows.push(`| ${what} | ${wrong.join(', ')} |`)
    else exact.push(what)
  }
  expect(page.match(/^\| .*$/gm)!.slice(2)).toEqual(rows)
  const list = Object.entries(reasons).map(([who, whys]) => `- ${who}: ${[...whys].join('; ')}`)
  expect(page).toContain(`\n\n${list.join('\n')}\n\n`)
  const text = page.replaceAll('\n', ' ')
  for (const words of [` ${exact.join('; ')}. `, ...Object.values(CALLED).map(name => name.split(',')[0]!)])
    expect(text).toContain(words)
})

/** The commands of one installation, in two versions. `handle` learns which request is the last of its version. */
async function usual(
  { one, two }: Row,
  home: Home,
  handle: (post: Post, last: boolean, command: string) => Promise<unknown>,
): Promise<void> {
  const plan = { [one]: ['init', 'build', 'check', 'build', 'test'], [two]: ['build', 'check', 'build'] }
  for (const [version, commands] of Object.entries(plan))
    await inTurn(commands, async (command, i) =>
      handle(await home.run(version, command), i === commands.length - 1, command),
    )
}

async function inTurn<T>(items: readonly T[], act: (item: T, i: number) => Promise<unknown>): Promise<void> {
  for (const [i, item] of items.entries()) await act(item, i)
}

async function together<T>(
  items: readonly T[],
  act: (item: T, i: number) => Promise<unknown>,
): Promise<void> {
  await Promise.all(items.map(act))
}

function minus(a: Counts, b: Counts): Counts {
  return add(a, Object.fromEntries(Object.entries(b).map(([cell, count]) => [cell, -count])))
}

/** A series that has only its zero is none. */
function aboveZero(counts: Counts): Counts {
  return pick(counts, cell => counts[cell] !== 0)
}
