// What the picture shows. It is made without a browser, so a test can compare it with docs/pictures/shows.json.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fleet } from './fleet.js'

const BIN = join(import.meta.dirname, '../../dist/bin.js')

/** The page of a fleet, as `otlp-tally report` writes it. */
export async function reportScene() {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-pictures-'))
  try {
    writeFileSync(join(folder, 'trix.jsonl'), fleet())
    const env = { PATH: process.env.PATH, LANG: 'C.UTF-8' }
    await run([BIN, 'report', 'trix.jsonl', '--html', 'page.html'], { cwd: folder, env })
    return readFileSync(join(folder, 'page.html'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The names of all that is shown. Every number is 0 and every day `<day>`, since they change from day to day. */
export async function shown() {
  const page = await reportScene()
  const texts = tag => {
    const found = [...page.matchAll(new RegExp(`<${tag}[ >].*?</${tag.split(' ')[0]}>`, 'g'))]
    const names = found.map(([text]) =>
      text
        .replace(/<[^>]*>/g, ' ')
        .replace(/\d+ [A-Z][a-z]{2}\b/g, '<day>')
        .replace(/\d[\d,.]*/g, '0')
        .replace(/last run .*/, 'last run')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    return [...new Set(names)].sort()
  }
  return {
    headings: texts('h2'),
    tiles: texts('dt'),
    columns: texts('th scope="col"'),
    rows: texts('th scope="row"'),
  }
}

function run(args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
    child.on('close', code => (code === 0 ? resolve() : reject(new Error(stderr))))
  })
}
