import { HELPER_VARIABLE } from '../decide/environment.ts'
import { childProcess, vm, WINDOWS } from '../node.ts'
import type { Job, Program } from './job.ts'
import { proxyVariables } from './proxy.ts'

/**
 * What `src/helper/main.ts` exports, as one expression made at build time (`build/helper-code.ts`). Because it is a
 * string, no bundler, minifier or coverage tool of the host can rewrite it, and an ordinary command does not parse it.
 */
declare const HELPER_CODE: string
/** The build replaces the name by the text, so the name must stand in one place only. */
const CODE = HELPER_CODE

let program: Program | undefined

/** The helper's program in this process: to deliver where no helper can work, and to show a body. */
export function loadHelper(): Program {
  return (program ??= vm().runInThisContext(CODE) as Program)
}

/**
 * Starts a process that does the job, and does not wait for it: no network delays the command. Works in an `exit`
 * handler, because all of it is synchronous.
 *
 * Returns a promise that resolves when the helper ends, but keeps no process alive; undefined if no process could be
 * started. Then a later command delivers.
 */
export function startHelper(job: Job): Promise<void> | undefined {
  try {
    const { execPath, versions } = process
    // If the host was started with `--jitless`, its helper is too.
    const flags = typeof WebAssembly === 'undefined' && !versions.deno ? ['--jitless'] : []
    const args = [...flags, versions.deno ? 'eval' : '-e', `${CODE}.main()`]
    const helper = childProcess().spawn(execPath, args, {
      detached: true,
      // Nothing of the helper reaches the terminal, and `$(tool)` does not wait for it.
      stdio: 'ignore',
      windowsHide: true,
      // On Windows the user's folder could not be removed while the helper runs in it. Others can write to the temp
      // folder.
      cwd: WINDOWS ? execPath.slice(0, 3) : '/',
      env: Object.assign(helperEnvironment(job.url), { [HELPER_VARIABLE]: JSON.stringify(job) }),
    })
    const ended = new Promise<void>(resolve =>
      helper.on('exit', () => resolve()).on('error', () => resolve()),
    )
    helper.unref()
    return helper.pid === undefined ? undefined : ended
  } catch {
    return undefined // too many processes, or a runtime that cannot start any
  }
}

/** Variables that make a runtime load other code, skip certificate checks or write files, or that no helper needs. */
const DROPPED =
  /^(LD_PRELOAD|LD_AUDIT|DYLD_.*|BUN_OPTIONS|BUN_INSPECT.*|NODE_(OPTIONS|TLS_REJECT_UNAUTHORIZED|V8_COVERAGE|COMPILE_CACHE|REDIRECT_WARNINGS|DEBUG.*))$/i
/** Libraries that send all traffic through a proxy, often to keep the user anonymous: these stay. */
const THROUGH_PROXY = /tsocks|torsocks|proxychains/

/**
 * The command's environment, with its proxy and CA variables, but without what would change how the helper runs. The
 * job is passed in it because other users can read the arguments of a process but not its environment, a file would
 * have to be removed, and a pipe would cost 1.5 ms more.
 */
export function helperEnvironment(url: string): NodeJS.ProcessEnv {
  // Without a prototype: `spawn` would also pass on what the host has added to `Object.prototype`.
  const env: NodeJS.ProcessEnv = {
    // @ts-expect-error TypeScript takes it for a variable of this name.
    __proto__: null,
    ...process.env,
    // From Node 22.21 and 24.5 on, requests then go through the user's proxy.
    NODE_USE_ENV_PROXY: '1',
    // Trusts what the system trusts. It costs the helper 20 ms of CPU, so only where there is a certificate to check.
    ...(url.startsWith('https:') && { NODE_USE_SYSTEM_CA: '1' }),
    // Makes an executable from `bun build --compile` act as Bun and not as the tool.
    BUN_BE_BUN: '1',
    // Undefined, not deleted: `spawn` would copy it into an environment that lacks it.
    NODE_V8_COVERAGE: undefined,
  }
  let proxied = false
  for (const name of Object.keys(env)) {
    if (DROPPED.test(name) && !THROUGH_PROXY.test(env[name] ?? '')) env[name] = undefined
    else if (/^(https?|all)_proxy$/i.test(name)) proxied = true
  }
  return proxied ? Object.assign(env, proxyVariables(url, process.env)) : env
}
