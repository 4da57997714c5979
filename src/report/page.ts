import { isoDay } from './days.ts'
import { documentOf } from './document.ts'
import { todayText } from './figures.ts'
import { html } from './html.ts'
import { heavySentence, notesOf } from './notes.ts'
import { overTime } from './page-chart.ts'
import { agentMultiples, environmentMultiples, versionMultiples } from './page-multiples.ts'
import { REPORT_SCRIPT } from './page-script.ts'
import { REPORT_STYLE } from './page-style.ts'
import { commandsTable, daysOf, eventsTable } from './page-table.ts'
import { commandTiles, tilesOf } from './page-tiles.ts'
import { daysText } from './period.ts'
import { type Sentence, sentenceText } from './sentence.ts'
import type { Range, View } from './view.ts'

/** The report as one file, which can be read without its script. */
export function pageOf(view: View): string {
  const { subject, source, command, history, everybody, shown } = view
  const ranges = view.ranges()
  const title = `${subject}${command ? ` ${command.name}` : ''}`
  const switches = ranges.length > 1 ? rangeSwitch(ranges, shown) : ''
  const sets = everybody
    ? [part('others', view, ranges), part('everybody', everybody())]
    : [setOf(view, ranges)]
  return documentOf({
    title: `${title}: ${daysText(shown.summary.period)}`,
    main: `<header><h1>${html(title)}</h1>
<p class="scope">${html(scopeOf(view))}</p>
${switches}</header>
${[noticeOf(view), ...notesOf(view).map(note => `<p class="note">${html(note)}</p>`)].filter(Boolean).join('\n')}
${sets.join('\n')}`,
    footer: `<p>Made from ${html(source)}, where ${history.hasInstallations ? 'installations that have telemetry on are counted' : 'runs are counted'} since ${isoDay(history.since)}. All days are whole days in UTC. “Before” are up to 84 days before the period. Nothing was sent to make this page, and nothing is loaded to read it.</p>`,
    script: REPORT_SCRIPT,
    style: REPORT_STYLE,
  })
}

function scopeOf({ shown }: View): string {
  const { period } = shown.summary
  const days = period.unfinished ? 'today so far' : `up to ${daysText({ ...period, from: period.to - 1 })}`
  return `${days} (UTC)`
}

/** Radio buttons, which work without a script and with arrow keys. */
function rangeSwitch(ranges: readonly Range[], shown: Range): string {
  const buttons = ranges.map(({ name }, index) => {
    const id = `range${index}`
    return `<input type="radio" name="range" id="${id}" value="${index}"${ranges[index] === shown ? ' checked' : ''}><label for="${id}">${name === '84 days' ? '12 weeks' : html(name)}</label>`
  })
  return `<fieldset class="ranges"><legend class="visually-hidden">Numbers of the last</legend>${buttons.join('')}</fieldset>`
}

function noticeOf({ heavy, everybody, history, public: isPublic }: View): string {
  if (!heavy.length) return ''
  const sentences = heavy.map(one => html(heavySentence(one, history.today))).join(' ')
  const many = heavy.length > 1
  const box = `<input type="checkbox" id="everybody"><label for="everybody">Include ${many ? 'them' : 'it'}</label>`
  const rest = everybody
    ? `${many ? 'They are' : 'It is'} left out. ${box}`
    : `${many ? 'They are' : 'It is'} ${isPublic ? 'left out' : 'counted here'}.`
  return `<p class="notice">${sentences} ${rest}</p>`
}

function part(name: string, view: View, ranges: readonly Range[] = view.ranges()): string {
  return `<div class="${name}">
${setOf(view, ranges, `${name}-`)}
</div>`
}

/** All numbers of a view. Each range has its own, which are visible while it is chosen. */
function setOf(view: View, ranges: readonly Range[], prefix = ''): string {
  const { command } = view
  if (command) return commandPage(view, prefix)
  const all = ranges.map((_, index) => index)
  const long = ranges.map(({ summary }) => summary.period.steps.starts.length)
  const usual = Math.min(...long)
  const charts = [...new Set(long)].map(length =>
    inRanges(
      all.filter(index => long[index] === length),
      all.length,
      overTime(
        ranges[long.indexOf(length)]!.summary,
        `${prefix}chart${length === usual ? '' : '-all'}`,
        view.words,
      ),
    ),
  )
  return [
    ...ranges.map((range, index) => inRanges([index], all.length, tilesOf(range, view.words))),
    ...charts,
    ...ranges.map((range, index) =>
      inRanges([index], all.length, detailsOf(range, `${prefix}${index}`, view)),
    ),
  ].join('\n')
}

function inRanges(indexes: readonly number[], all: number, content: string): string {
  if (!content || all === 1) return content
  return `<div class="in ${indexes.map(index => `in${index}`).join(' ')}">\n${content}\n</div>`
}

function detailsOf({ summary, findings }: Range, set: string, { words }: View): string {
  const first = words?.thing ?? 'Command'
  const today = todayText(summary)
  const section = (name: string, ...content: string[]) => sectionOf(name, set, content)
  const agents = agentMultiples(summary)
  return [
    summary.today && (summary.today.runs || summary.today.events)
      ? `<p class="today">Not counted above: today so far, ${today}.</p>`
      : '',
    section('Worth knowing', listOf(findings.changes)),
    section(
      words ? `By ${first}` : 'Commands',
      commandsTable(summary, first) || '<p>None was counted in this time.</p>',
    ),
    section(
      `Versions, part of the ${summary.hasInstallations ? 'installations' : 'runs'} in ${daysOf(summary)}`,
      versionMultiples(summary),
    ),
    section(`Coding agents, part of the runs in ${daysOf(summary)}`, agents),
    ...environmentMultiples(summary).map(({ name, content }) => section(name, content)),
    section('Events', eventsTable(summary)),
  ]
    .filter(Boolean)
    .join('\n')
}

function listOf(sentences: readonly Sentence[]): string {
  const items = sentences.map(
    sentence => `<li>${sentenceText(sentence, name => `<b>${html(name)}</b>`)}</li>`,
  )
  return items.length ? `<ul class="changes">\n${items.join('\n')}\n</ul>` : ''
}

/** Whether the command can be removed, and the numbers behind the answer. */
function commandPage({ command, shown, words }: View, prefix: string): string {
  const { name, verdict, narrowed } = command!
  const about = shown.findings.changes.filter(sentence =>
    sentence.some(part => typeof part !== 'string' && part.name === name),
  )
  const who = narrowed.hasInstallations ? 'the installations that ran it' : 'its runs'
  return [
    `<p class="question">Can <b>${html(name)}</b> be removed?</p>
<p class="verdict"><b>${verdict.answer}.</b> ${sentenceText(verdict.reason, html)}</p>`,
    commandTiles(name, shown.summary, narrowed),
    overTime(narrowed, `${prefix}chart`, words, { name, whole: shown.summary }),
    sectionOf('Worth knowing', `${prefix}0`, [listOf(about)]),
    sectionOf(`Versions, part of ${who} in ${daysOf(narrowed)}`, `${prefix}0`, [
      versionMultiples(narrowed, false),
    ]),
    sectionOf(`Coding agents, part of its runs in ${daysOf(narrowed)}`, `${prefix}0`, [
      agentMultiples(narrowed),
    ]),
    ...environmentMultiples(narrowed).map(({ name, content }) => sectionOf(name, `${prefix}0`, [content])),
  ]
    .filter(Boolean)
    .join('\n')
}

/** A part of the page under its heading; empty without content. */
function sectionOf(heading: string, set: string, content: readonly string[]): string {
  const parts = content.filter(Boolean)
  if (!parts.length) return ''
  const id = `${heading.toLowerCase().replace(/[^a-z]+/g, '-')}-${set}`
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${html(heading)}</h2>
${parts.join('\n')}
</section>`
}
