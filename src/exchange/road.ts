import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fetchEnvironment } from '../core/deliver/detached.ts'
import { chooseRoute } from '../core/deliver/route.ts'
import { type Answer, exchange, lineOf, type NoAnswer, type Question } from './exchange.ts'

/** `asker.ts` as one string: made at build time, see `build/helper-code.ts`. */
declare const ASKER_CODE: string

/** The road on which a helper process sends: through the user's proxy, trusting what the system trusts. */
export interface Road {
  ask(question: Question): Promise<Answer | NoAnswer>
  close(): void
}

/**
 * Opens the road that leads to a URL. Node looks for a proxy only when it starts, so a process is started that makes
 * the requests, with the helper's environment, as long as the road is open. Where no helper can work, this process
 * makes them, as it does for a command.
 */
export function openRoad(url: string): Road {
  const { bun, deno } = process.versions
  if (bun || deno || chooseRoute().never) return inThisProcess()
  const child = spawn(process.execPath, ['-e', ASKER_CODE], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: fetchEnvironment(url),
    windowsHide: true,
  })
  const ended: NoAnswer = { code: '', message: 'the process that was to ask has ended' }
  let dead = false
  let answer: ((answer: Answer | NoAnswer) => void) | undefined
  const end = () => {
    dead = true
    answer?.(ended)
  }
  child.on('error', end).on('close', end)
  child.stdin.on('error', end)
  createInterface({ input: child.stdout }).on('line', line => answer?.(JSON.parse(line)))
  return {
    ask: question =>
      new Promise(resolve => {
        answer = resolve
        if (dead) resolve(ended)
        else child.stdin.write(lineOf(question))
      }),
    close: () => void child.kill('SIGKILL'),
  }
}

function inThisProcess(): Road {
  let close = () => {}
  const closed = new Promise<NoAnswer>(resolve => {
    close = () => resolve({ code: '', message: 'stopped' })
  })
  return { ask: question => Promise.race([exchange(question), closed]), close: () => close() }
}
