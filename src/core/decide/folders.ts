import { fs, os, SEP, WINDOWS } from '../node.ts'
import { parentOf } from '../tally/files.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where a tool's files are. Nothing is made here, and nothing is looked at. */
export interface Folders {
  /** The user's file, which only `telemetry enable|disable` writes. */
  config: string
  /** The folder of the fingerprint, the notice mark and the tallies. */
  state: string
  /** The user's home, where one of the two is below it. */
  home?: string
}

/**
 * The folders of a tool: the one `home` it asked for, or those of the XDG Base Directory Specification (Windows:
 * `%APPDATA%` and `%LOCALAPPDATA%`). Undefined where there is no home to be found.
 */
export function foldersOf(name: string, home: string | undefined, env: Environment): Folders | undefined {
  if (home !== undefined) {
    const user = /^~[/\\]/.test(home) ? userHome(env) : ''
    if (user === undefined) return undefined
    const folder = user ? user + SEP + home.slice(2) : home
    return { config: `${folder}${SEP}config.toml`, state: folder, ...(user && { home: user }) }
  }
  let { APPDATA: config, LOCALAPPDATA: state } = env
  let user: string | undefined
  if (!WINDOWS) {
    config = absolute(env.XDG_CONFIG_HOME)
    state = absolute(env.XDG_STATE_HOME)
    if (!config || !state) {
      if (!(user = userHome(env))) return undefined
      config ??= `${user}/.config`
      state ??= `${user}/.local/state`
    }
  }
  if (!config || !state) return undefined
  return {
    config: `${config}${SEP}${name}${SEP}config.toml`,
    state: `${state}${SEP}${name}`,
    ...(user && { home: user }),
  }
}

function userHome(env: Environment): string | undefined {
  try {
    const home = absolute((!WINDOWS && env.HOME) || os().homedir())
    return home && home.length > 1 ? home.replace(/\/+$/, '') : home
  } catch {
    return undefined // the user has no entry in passwd, and homedir() throws
  }
}

/** The specification says to ignore a relative path; it would also scatter state over working folders. */
function absolute(path: string | undefined): string | undefined {
  return path && (WINDOWS ? /^([A-Za-z]:)?[/\\]/ : /^\//).test(path) ? path : undefined
}

/**
 * Why nothing may be written to the state folder: there is no home (a system user's home may be `/nonexistent`, which
 * must not be created), or it is another user's, so that `sudo tool` with the user's HOME would leave root's files in
 * it. A folder that does not exist yet is judged by the one that it would be made in, unless everybody may make one
 * there (`/tmp`: world-writable and sticky).
 */
export function stateProblem({ state, home }: Folders): string | undefined {
  const self = process.geteuid?.()
  const found = fs.statSync(state, { throwIfNoEntry: false })
  if (found) return self === undefined || found.uid === self ? undefined : FOREIGN
  if (home && !fs.statSync(home, { throwIfNoEntry: false })?.isDirectory()) return NO_HOME
  if (self === undefined) return undefined
  for (let path = parentOf(state); ; path = parentOf(path)) {
    const parent = fs.statSync(path, { throwIfNoEntry: false })
    if (parent) return parent.uid === self || (parent.mode & 0o1002) === 0o1002 ? undefined : FOREIGN
    if (path === parentOf(path)) return FOREIGN
  }
}

export const NO_HOME = 'there is no home folder'
const FOREIGN = 'the state folder belongs to another user'
