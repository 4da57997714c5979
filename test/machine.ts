import { spawnSync } from 'node:child_process'

// What this machine has, and how busy it may be.

const runs = (command: string, ...args: string[]) => spawnSync(command, args).status === 0

export const isRoot: boolean = process.geteuid?.() === 0
export const isLinux: boolean = process.platform === 'linux'
export const hasStrace: boolean = runs('strace', '-V')
export const hasTmux: boolean = runs('tmux', '-V')
/** From Node 22.21 and 24.5 on `fetch` uses the proxy that the environment names. */
export const hasProxies: boolean = process.allowedNodeEnvironmentFlags.has('--use-env-proxy')

/** How long a test waits for something before it fails and says what is missing. Long: the machine may be busy. */
export const GUARD_MS = 60_000
