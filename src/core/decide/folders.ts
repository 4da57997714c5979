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
    if (!/^~[/\\]/.test(home)) return { config: `${home}${SEP}config.toml`, state: home }
    const user = userHome(env)
    const state = user + SEP + home.slice(2)
    return user ? { config: `${state}${SEP}config.toml`, state, home: user } : undefined
  }
  const given = WINDOWS
    ? { config: env.APPDATA, state: env.LOCALAPPDATA }
    : { config: absolute(env.XDG_CONFIG_HOME), state: absolute(env.XDG_STATE_HOME) }
  const user = WINDOWS || (given.config && given.state) ? undefined : userHome(env)
  const { config = user && `${user}/.config`, state = user && `${user}/.local/state` } = given
  if (!config || !state) return undefined
  return {
    config: [config, name, 'config.toml'].join(SEP),
    state: state + SEP + name,
    ...(user && { home: user }),
  }
}

function userHome(env: Environment): string | undefined {
  try {
    return absolute((!WINDOWS && env.HOME) || os().homedir())?.replace(/(?<=.)\/+$/, '')
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
  const statsOf = (path: string) => fs.statSync(path, { throwIfNoEntry: false })
  const found = statsOf(state)
  if (!found && home && !statsOf(home)?.isDirectory()) return NO_HOME
  if (self === undefined || found?.uid === self) return undefined
  let path = state
  let parent = found
  while (!parent && path !== (path = parentOf(path))) parent = statsOf(path)
  const isFree = !found && parent && (parent.uid === self || (parent.mode & 0o1002) === 0o1002)
  return isFree ? undefined : FOREIGN
}

export const NO_HOME = 'there is no home folder'
const FOREIGN = 'the state folder belongs to another user'
