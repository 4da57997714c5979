import { parentOf } from '../files.ts'
import { fs, os, SEP, WINDOWS } from '../node.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The paths of a tool's files. `foldersOf` neither reads nor makes them. */
export interface Folders {
  /** The user's config file. It is only read. */
  config: string
  /** The machine's config files. In these only a no counts. */
  machine: readonly string[]
  /** Holds the answer, the notice, the fingerprint and the logs. */
  stateFolder: string
  /** The default state folder, if XDG_STATE_HOME names another: `disable` writes its no there as well. */
  fallback?: string
  /** The user's home, where the state folder is below it. */
  home?: string
}

/**
 * The folders of a tool: the one `home` it asked for, or those of the XDG Base Directory Specification (Windows:
 * `%APPDATA%` and `%LOCALAPPDATA%`). Undefined where there is no home to be found.
 */
export function foldersOf(name: string, home: string | undefined, env: Environment): Folders | undefined {
  const folder = name.replace('/', '+')
  const machine = machineFolders(env).map(path => [path, folder, 'config.toml'].join(SEP))
  const user = userHome(env)
  if (home !== undefined) {
    const below = /^~[/\\]/.test(home)
    const stateFolder = below ? `${user}${SEP}${home.slice(2)}` : home
    if (below && !user) return undefined
    return {
      config: `${stateFolder}${SEP}config.toml`,
      machine,
      stateFolder,
      ...(below && user && { home: user }),
    }
  }
  const config = WINDOWS ? env.APPDATA : (absolute(env.XDG_CONFIG_HOME) ?? (user && `${user}/.config`))
  const standard = WINDOWS ? env.LOCALAPPDATA : user && `${user}/.local/state`
  const parent = (!WINDOWS && absolute(env.XDG_STATE_HOME)) || standard
  if (!config || !parent) return undefined
  return {
    config: [config, folder, 'config.toml'].join(SEP),
    machine,
    stateFolder: parent + SEP + folder,
    ...(standard && standard !== parent && { fallback: standard + SEP + folder }),
    ...(user && standard === parent && { home: user }),
  }
}

/** The files that may hold the user's answer: a no counts in each of them. */
export function answerFiles({ stateFolder, fallback }: Folders): string[] {
  return [stateFolder, ...(fallback ? [fallback] : [])].map(folder => `${folder}${SEP}consent.json`)
}

function machineFolders(env: Environment): string[] {
  if (WINDOWS) return env.ProgramData ? [env.ProgramData] : []
  const folders = (env.XDG_CONFIG_DIRS ?? '').split(':').filter(absolute)
  // `/etc/xdg` also if the variable names others: an administrator's no must not depend on a user's environment.
  return [...new Set([...folders, '/etc/xdg'])]
}

function userHome(env: Environment): string | undefined {
  try {
    return absolute((!WINDOWS && env.HOME) || os().homedir())?.replace(/(?<=.)\/+$/, '')
  } catch {
    return undefined // the user has no entry in passwd, and homedir() throws
  }
}

/**
 * The path, if it is absolute. The specification says to ignore others; they would scatter state over working folders.
 */
function absolute(path: string | undefined): string | undefined {
  return path && (WINDOWS ? /^([A-Za-z]:)?[/\\]/ : /^\//).test(path) ? path : undefined
}

/** Why the state folder must not be used: what is in it cannot be trusted, or nothing may be left there. */
export type StateProblem = 'no home' | 'foreign state' | 'open state'

/**
 * Undefined where the state folder may be used. A system user's home may be `/nonexistent`, which must not be created;
 * `sudo tool` with the user's HOME would leave root's files in it; in a folder that others may write, anybody can plant
 * an answer. A folder that does not exist yet is judged by the one that it would be made in, unless everybody may make
 * one there (`/tmp`: world-writable and sticky).
 */
export function stateProblem({ stateFolder, home }: Folders): StateProblem | undefined {
  const self = process.geteuid?.()
  const statsOf = (path: string) => fs.statSync(path, { throwIfNoEntry: false })
  const found = statsOf(stateFolder)
  if (!found && home && !statsOf(home)?.isDirectory()) return 'no home'
  if (self === undefined) return undefined
  if (found) return found.uid !== self ? 'foreign state' : found.mode & 0o002 ? 'open state' : undefined
  let path = stateFolder
  let parent: ReturnType<typeof statsOf>
  while (!parent && path !== (path = parentOf(path))) parent = statsOf(path)
  const isFree = parent && (parent.uid === self || (parent.mode & 0o1002) === 0o1002)
  return isFree ? undefined : 'foreign state'
}
