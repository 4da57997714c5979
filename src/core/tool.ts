import type { TelemetryOptions } from './options.ts'
import type { Attributes, EventList } from './vocabulary.ts'

/** What an attribute accepts: a listed value, or a `string` that the program computed, which is checked at run time. */
type ValueOf<Values, Given> = Values extends readonly (infer Value)[]
  ? string extends Given
    ? Given
    : Value | undefined
  : boolean | undefined

/** What may be passed for an event: its own attributes only. */
type Listed<Event, Given> = {
  readonly [Key in keyof Given]: Key extends keyof Event ? ValueOf<Event[Key], Given[Key]> : never
}

/**
 * What one tool counts with. Nothing here throws, rejects, waits, or writes to stdout. The functions do not use `this`,
 * so they can be destructured.
 */
export interface Telemetry<Command extends string = string, Events extends EventList = EventList> {
  /**
   * Counts one invocation of a command. A literal that is not in `commands` does not compile; a computed string that is
   * not in the list is counted as `unknown`.
   */
  readonly trackCommand: <Name extends string>(name: string extends Name ? Name : Command) => void
  /**
   * Counts one event of `events`. What is not in the list is not counted; an attribute that is undefined is left out.
   */
  readonly trackEvent: <
    Metric extends keyof Events & string,
    // biome-ignore lint/complexity/noBannedTypes: an event without attributes
    const Given extends Readonly<Record<string, string | boolean | undefined>> = {},
  >(
    metric: Metric,
    attributes?: Listed<Events[Metric], Given>,
  ) => void
  /** Delivers now, within `timeoutMs`. */
  readonly flushTelemetry: () => Promise<void>
}

/** A tool on the global handle: what it counts with, and what `trix telemetry …` needs. */
export interface Tool {
  readonly trackCommand: (name: string) => void
  readonly trackEvent: (metric: string, attributes?: Attributes) => void
  readonly flushTelemetry: () => Promise<void>
  readonly options: TelemetryOptions
  /** Why the tool itself has switched it off; false where it has not. */
  readonly disabled: boolean | string
  /** Off for the rest of this process: a `--no-telemetry` that was parsed late. */
  readonly disable: (reason: boolean | string) => void
  /** This process does not send what it has counted so far: the user is managing telemetry. */
  readonly discard: () => void
  /** What is off now stays off until this process ends, as after a notice. */
  readonly stayOff: () => void
  /** Tells the user who asked for `log` mode why something is not counted. */
  readonly explain: (why: string) => void
}
