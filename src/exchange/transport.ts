import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { helperEnvironment } from '../core/deliver/detached.ts'
import { chooseRoute } from '../core/deliver/route.ts'
import { type Answer, lineOf, type NoAnswer, post, type Request } from './http.ts'

/** `requester.ts` as one string: made at build time, see `build/helper-code.ts`. */
declare const REQUESTER_CODE: string

/** Makes requests as a helper process does: through the user's proxy, trusting what the system trusts. */
export interface Transport {
  request(request: Request): Promise<Answer | NoAnswer>
  close(): void
}

/**
 * Node looks for a proxy only when it starts. So a process with the helper's environment makes the requests, as long as
 * the transport is open. Where no helper can work, this process makes them, as it does for a command.
 */
export function openTransport(url: string): Transport {
  const { bun, deno } = process.versions
  if (bun || deno || chooseRoute().never) return inThisProcess()
  const child = spawn(process.execPath, ['-e', REQUESTER_CODE], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: helperEnvironment(url),
    windowsHide: true,
  })
  const ended: NoAnswer = { code: '', message: 'the process that makes the requests has ended' }
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
    request: request =>
      new Promise(resolve => {
        answer = resolve
        if (dead) resolve(ended)
        else child.stdin.write(lineOf(request))
      }),
    close: () => void child.kill('SIGKILL'),
  }
}

function inThisProcess(): Transport {
  let close = () => {}
  const closed = new Promise<NoAnswer>(resolve => {
    close = () => resolve({ code: '', message: 'stopped' })
  })
  return { request: request => Promise.race([post(request), closed]), close: () => close() }
}
