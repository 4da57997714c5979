import type { ServerResponse } from 'node:http'

/** Those who watch, by server-sent events. */
export interface Live {
  /** Sends what there is now, and from then on whatever has changed. False where too many watch already. */
  watch(response: ServerResponse): boolean
  /** There is something new to see. */
  changed(): void
}

/** A page is drawn four times a second at most, however much comes. */
const PAUSE_MS = 250
/** How often the chart of the last minute moves on by itself. */
const TICK_MS = 1000
const MAX_WATCHERS = 32

/**
 * Hands what `draw` makes to everybody who watches. Where nobody does, nothing is drawn. As long as `moves` says so
 * there is something new to see each second, without anything having come.
 */
export function createLive(draw: () => string, moves: () => boolean): Live {
  const watchers = new Set<ServerResponse>()
  let timer: NodeJS.Timeout | undefined
  let ticking: NodeJS.Timeout | undefined

  function push(): void {
    timer = undefined
    // A watcher that has not read the last one yet gets the next one when that is done, not both.
    const ready = [...watchers].filter(watcher => !watcher.writableNeedDrain)
    if (!ready.length) return
    const event = eventOf(draw())
    for (const watcher of ready) watcher.write(event)
    moveOn()
  }

  function moveOn(): void {
    if (ticking || !moves()) return
    ticking = setTimeout(() => {
      ticking = undefined
      changed()
    }, TICK_MS).unref()
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
      moveOn()
      return true
    },
  }
}

/** In JSON it has no line break, which would end it. */
function eventOf(drawn: string): string {
  return `data: ${JSON.stringify(drawn)}\n\n`
}
