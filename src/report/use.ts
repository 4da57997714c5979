/** What happened at one time: runs of a command, failures of it, or events of one other series. */
export interface Use {
  /** In ms since 1970. */
  time: number
  count: number
  /** `build`, or an event in words. */
  name: string
  version: string
  /** A failure is a run as well, and is counted as both: its `name` is that of the command. */
  kind: 'run' | 'failure' | 'event'
  /** The coding agent that ran the command. Absent where none was detected, and where agents are not counted. */
  agent?: string
  /** Whose, where there are several. */
  installation?: string
  /** `linux`, where the environment is counted. */
  os?: string
  /** `arm64` */
  arch?: string
  /** `nodejs 22` */
  runtime?: string
}
