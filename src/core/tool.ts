import type { TelemetryOptions } from './options.ts'
import type { EventList } from './vocabulary.ts'

/** The values of one attribute of an event. */
type ValueOf<Values> = Values extends readonly (infer Value)[] ? Value : boolean

/** The attributes of an event, each of them optional; an event without attributes accepts none. */
type AttributesOf<Event> = keyof Event extends never
  ? Readonly<Record<string, never>>
  : { readonly [Key in keyof Event]?: ValueOf<Event[Key]> }

/** One tool's counting. Nothing here throws, rejects, waits, or writes to stdout. */
export interface Telemetry<Command extends string = string, Events extends EventList = EventList> {
  /**
   * Counts one invocation of a command. A literal that is not in `commands` does not compile; a string that a parser
   * computed does, and is counted as `unknown` if it is not in the list. Never pass argv.
   */
  trackCommand<Name extends string>(name: string extends Name ? Name : Command): void
  /** Counts one event. With `events`, one of them; without, names and values follow the alphabet of `Attributes`. */
  trackEvent<Metric extends keyof Events & string>(
    metric: Metric,
    attributes?: AttributesOf<Events[Metric]>,
  ): void
  /** Delivers now. Resolves when that is done or given up, within `timeoutMs`. */
  flushTelemetry(): Promise<void>
}

/** What lies on the global handle: the same, and what `tool telemetry …` needs to know. */
export interface Tool extends Telemetry {
  readonly options: TelemetryOptions
  /** Why the tool itself has switched it off; false where it has not. */
  readonly disabled: boolean | string
  /** Off for the rest of this process: a `--no-telemetry` that was parsed late. */
  disable(reason: boolean | string): void
  /** Sends nothing of what this process has counted up to now: the user is managing telemetry. */
  discard(): void
  /** Tells the user who asked for `log` mode why something is not counted. */
  explain(reason: string): void
}
