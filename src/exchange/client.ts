import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { helperEnvironment } from '../core/deliver/detached.ts'
import { chooseRoute } from '../core/deliver/route.ts'
import { type HttpResponse, lineOf, type NoResponse, type PostRequest, post } from './http.ts'

/** `requester.ts` as one string, made by `build/helper-code.ts`. */
declare const REQUESTER_CODE: string

/** Makes requests as a helper process does, with the same proxy and the same certificates. */
export interface Client {
  post(request: PostRequest): Promise<HttpResponse | NoResponse>
  close(): void
}

/**
 * Node reads proxy variables only when it starts. So a child process with the helper's environment makes the requests
 * until `close`. Where no helper can work, this process makes them, as it does for a command.
 */
export function openClient(url: string): Client {
  const { bun, deno } = process.versions
  if (bun || deno || chooseRoute().never) return inThisProcess()
  const child = spawn(process.execPath, ['-e', REQUESTER_CODE], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: helperEnvironment(url),
    windowsHide: true,
  })
  const ended: NoResponse = { code: '', message: 'the process that makes the requests has ended' }
  let hasEnded = false
  let respond: ((response: HttpResponse | NoResponse) => void) | undefined
  const end = () => {
    hasEnded = true
    respond?.(ended)
  }
  child.on('error', end).on('close', end)
  child.stdin.on('error', end)
  createInterface({ input: child.stdout }).on('line', line => respond?.(JSON.parse(line)))
  return {
    post: request =>
      new Promise(resolve => {
        respond = resolve
        if (hasEnded) resolve(ended)
        else child.stdin.write(lineOf(request))
      }),
    close: () => void child.kill('SIGKILL'),
  }
}

function inThisProcess(): Client {
  let close = () => {}
  const closed = new Promise<NoResponse>(resolve => {
    close = () => resolve({ code: '', message: 'stopped' })
  })
  return { post: request => Promise.race([post(request), closed]), close: () => close() }
}
