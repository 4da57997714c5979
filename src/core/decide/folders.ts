const { statSync } = process.getBuiltinModule('node:fs')
const { dirname, isAbsolute, join } = process.getBuiltinModule('node:path')

export type Environment = Readonly<Record<string, string | undefined>>

/** Where a tool's files lie. Nothing is made here, and only the home is looked at. */
export interface Folders {
  /** The user's file, which only `telemetry enable|disable` writes. */
  config: string
  /** The folder of the fingerprint, the notice mark and the tallies. */
  state: string
}

/**
 * The folders of a tool: the one `home` it asked for, or those of the XDG Base Directory Specification (Windows:
 * `%APPDATA%` and `%LOCALAPPDATA%`). Undefined where there is no home to be found.
 */
export function foldersOf(name: string, home: string | undefined, env: Environment): Folders | undefined {
  const user = userHome(env)
  if (home !== undefined) {
    const tilde = /^~[/\\]/.test(home)
    const folder = tilde ? user && join(user, home.slice(2)) : home
    return folder ? { config: join(folder, 'config.toml'), state: folder } : undefined
  }
  const windows = process.platform === 'win32'
  const config = windows ? env.APPDATA : (absolute(env.XDG_CONFIG_HOME) ?? (user && join(user, '.config')))
  const state = windows
    ? env.LOCALAPPDATA
    : (absolute(env.XDG_STATE_HOME) ?? (user && join(user, '.local', 'state')))
  return config && state ? { config: join(config, name, 'config.toml'), state: join(state, name) } : undefined
}

function userHome(env: Environment): string | undefined {
  try {
    const fromEnv = process.platform === 'win32' ? undefined : env.HOME
    const home = absolute(fromEnv || process.getBuiltinModule('node:os').homedir())
    // A system user's /nonexistent is meant: it is not for us to make.
    return home && statSync(home).isDirectory() ? home : undefined
  } catch {
    return undefined // there is none, or the user has no entry in passwd and homedir() throws
  }
}

/** The specification tells to ignore a relative path; it would also scatter state over working folders. */
function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined
}

/**
 * True where what we would write to is another user's: `sudo tool` with the user's HOME would leave root's files in
 * it. What does not exist yet is judged by the folder that it would be made in, unless everybody may make one there
 * (`/tmp`: world-writable and sticky).
 */
export function ownedByAnother(folder: string): boolean {
  const self = process.geteuid?.()
  if (self === undefined) return false
  for (let path = folder; ; path = dirname(path)) {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found) return found.uid !== self && (path === folder || (found.mode & 0o1002) !== 0o1002)
    if (path === dirname(path)) return true
  }
}
