/** What happened at one time: runs or failures of a command, or events of one series. */
export interface Use {
  /** In ms since 1970. */
  time: number
  count: number
  /** `build`, or an event in words. */
  name: string
  version: string
  /** A failed run is counted as a run and as a failure, whose `name` is that of the command. */
  kind: 'run' | 'failure' | 'event'
  /** The coding agent that ran the command. Absent if none was detected, or agents are not counted. */
  agent?: string
  /** An id. */
  installation?: string
  /** `linux`, if the environment is counted. */
  os?: string
  /** `arm64` */
  arch?: string
  /** `nodejs 22` */
  runtime?: string
}
