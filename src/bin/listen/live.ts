import type { ServerResponse } from 'node:http'

/** Those who watch, by server-sent events. */
export interface Live {
  /** Sends what there is now, and from then on whatever has changed. False where too many watch already. */
  watch(response: ServerResponse): boolean
  /** There is something new to see. */
  changed(): void
}

/** So that a page is drawn four times a second at most, however much comes. */
const PAUSE_MS = 250
const MAX_WATCHERS = 32

/** Hands what `draw` makes to everybody who watches. Where nobody does, nothing is drawn. */
export function createLive(draw: () => string): Live {
  const watchers = new Set<ServerResponse>()
  let timer: NodeJS.Timeout | undefined

  function push(): void {
    timer = undefined
    // Who has not read the last one yet gets the next one when that is done, not both.
    const ready = [...watchers].filter(watcher => !watcher.writableNeedDrain)
    if (!ready.length) return
    const event = eventOf(draw())
    for (const watcher of ready) watcher.write(event)
  }

  function changed(): void {
    if (watchers.size && !timer) timer = setTimeout(push, PAUSE_MS).unref()
  }

  return {
    changed,
    watch(response) {
      if (watchers.size >= MAX_WATCHERS) return false
      watchers.add(response)
      response.on('close', () => watchers.delete(response)).on('drain', changed)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(eventOf(draw()))
      return true
    },
  }
}

/** In JSON it has no line break, which would end it. */
function eventOf(drawn: string): string {
  return `data: ${JSON.stringify(drawn)}\n\n`
}
