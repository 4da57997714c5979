// What the pictures show, made by the real commands: no browser is needed for it, so that a test can compare it with
// what was there when the pictures were made.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fleet } from './fleet.js'

const root = join(import.meta.dirname, '../..')
const BIN = join(root, 'dist/bin.js')
const TOOL = join(root, 'examples/tool.js')
const COMMANDS = ['init', 'build', 'check', 'build', 'test', 'check', 'build', 'test', 'build']

/**
 * A terminal in which the example tool was run, and the page of `otlp-tally listen` that has heard of it. The page is
 * there until `end` is called.
 */
export async function listenScene() {
  const home = mkdtempSync(join(tmpdir(), 'otlp-tally-pictures-'))
  const listening = spawn(process.execPath, [BIN, 'listen', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  listening.stdout.setEncoding('utf8').on('data', text => (output += text))
  const end = () => {
    listening.kill()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await until(() => output.includes('point a tool at it'))
    const url = /a page of what arrives: (\S+)/.exec(output)[1]
    const endpoint = url.slice(0, -1)
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      TRIX_TELEMETRY: 'on',
      TRIX_TELEMETRY_ENDPOINT: endpoint,
    }
    const lines = ['$ export TRIX_TELEMETRY=on', '$ export TRIX_TELEMETRY_ENDPOINT=http://127.0.0.1:4318']
    for (const [index, command] of COMMANDS.entries()) {
      lines.push(`$ trix ${command}`, await run([TOOL, command], { cwd: home, env }))
      // One after the other, so that the feed is in the order of the terminal.
      await until(
        () =>
          output.split('\n').filter(line => line.includes(`  ${command}  +`)).length >=
          COMMANDS.slice(0, index + 1).filter(one => one === command).length,
      )
    }
    return { terminal: lines, url, end }
  } catch (error) {
    end()
    throw error
  }
}

/** The page and the cards of a fleet, as `otlp-tally report` writes them. */
export async function reportScene() {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-pictures-'))
  try {
    writeFileSync(join(folder, 'trix.jsonl'), fleet())
    const options = { cwd: folder, env: { PATH: process.env.PATH, LANG: 'C.UTF-8' } }
    await run([BIN, 'report', 'trix.jsonl', '--html', 'page.html'], options)
    await run([BIN, 'report', 'trix.jsonl', '--card', 'card.svg'], options)
    const read = name => readFileSync(join(folder, name), 'utf8')
    return { page: read('page.html'), light: read('card.svg'), dark: read('card-dark.svg') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Names and columns of all that is shown: its lines of text without tags, each once, with one sign for every number, day
 * and time. What changes from day to day changes nothing in it.
 */
export async function shown() {
  const { terminal, url, end } = await listenScene()
  const listen = await fetch(url).then(response => response.text())
  end()
  const { page, light } = await reportScene()
  return {
    terminal: linesOf(terminal.join('\n')),
    listen: linesOf(textOf(listen)),
    report: linesOf(textOf(page)),
    card: linesOf(textOf(light)),
  }
}

function textOf(html) {
  return html
    .replace(/<(style|script|noscript)>[\s\S]*?<\/\1>|<g class="ticks">.*?<\/g>/g, '')
    .replace(/<label[^>]*>|<\/label>|<\/?strong>|<\/?code>/g, '')
    .replace(/<[^>]*>/g, '\n')
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
}

function linesOf(text) {
  const lines = text.split('\n').map(line =>
    line
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}/g, '<id>')
      .replace(/(has run \S+|has not been run) since [\w ]+(?=[.;])/g, '$1 since <day>')
      .replace(/(in|after) \d+ days?|on its first day/g, '<time>')
      .replace(/[<>+−±]*\d[\d,.:-]*%?/g, '0')
      .replace(/0(, from 0)/g, '0')
      .trim(),
  )
  return [...new Set(lines)].filter(line => /\w{2}/.test(line)).sort()
}

function run(args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', text => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
    child.on('close', code => (code === 0 ? resolve(stdout.trimEnd()) : reject(new Error(stderr))))
  })
}

async function until(done) {
  for (const deadline = Date.now() + 15_000; !done(); await new Promise(resolve => setTimeout(resolve, 20)))
    if (Date.now() > deadline) throw new Error('what the pictures show has not come')
}
