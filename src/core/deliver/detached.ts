import { HELPER_MARK } from './helper-mark.ts'
import type { Post } from './post.ts'

const { parse } = process.getBuiltinModule('node:path')

/** The program of the helper, `helper.ts` as one string: made at build time, see `build/helper-code.ts`. */
declare const HELPER_CODE: string

/**
 * Starts a process that sends the request, and does not wait for it: the command ends as if nothing had happened,
 * whatever the network does. Works in an `exit` handler, since everything up to the write into the pipe is synchronous.
 *
 * Undefined where no process could be started; else a promise of its end, which holds nothing open.
 */
export function postDetached({ body, ...request }: Post): Promise<void> | undefined {
  const { spawn } = process.getBuiltinModule('node:child_process')
  try {
    const helper = spawn(process.execPath, [...(process.versions.deno ? ['eval'] : ['-e']), HELPER_CODE], {
      detached: true,
      // Nothing of the helper reaches the terminal, and `$(tool)` does not wait for it.
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
      // Not the user's folder, which could then not be removed on Windows; not the temp folder, in which others write.
      cwd: parse(process.execPath).root,
      env: helperEnvironment(request),
    })
    const ended = new Promise<void>(resolve =>
      helper.once('exit', () => resolve()).once('error', () => resolve()),
    )
    // Through stdin: argv and environment can be read by others, a file would have to be removed.
    helper.stdin
      .on('error', () => {})
      .write(`${JSON.stringify({ ...request, length: body.length })}\n${body}`)
    // Not both in one: in an `exit` handler Bun writes nothing of what is given to `end`.
    helper.stdin.end()
    helper.unref()
    return helper.pid === undefined ? undefined : ended
  } catch {
    return undefined // no processes left, or a runtime without them: the caller goes another way
  }
}

/** The command's environment (proxy and CA variables are in it), without what would change how the helper runs. */
function helperEnvironment({ url, timeoutMs }: Omit<Post, 'body'>): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    [HELPER_MARK]: String(timeoutMs),
    // From Node 22.21 and 24.5 on `fetch` then goes through the user's proxy, and trusts what the system trusts.
    NODE_USE_ENV_PROXY: '1',
    // To read them costs the helper 20 ms of CPU, so only where they are looked at.
    ...(url.startsWith('https:') && { NODE_USE_SYSTEM_CA: '1' }),
    // What `bun build --compile` made is then Bun, and not the tool.
    BUN_BE_BUN: '1',
  }
  // Undefined, not deleted: `spawn` would copy NODE_V8_COVERAGE into an environment that lacks it.
  for (const name of ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'NODE_COMPILE_CACHE', 'NODE_REDIRECT_WARNINGS'])
    env[name] = undefined
  return env
}
