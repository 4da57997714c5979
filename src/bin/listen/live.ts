import type { ServerResponse } from 'node:http'

/** Keeps open pages up to date, by server-sent events. */
export interface Live {
  /** Sends the page's content to this response now and after each change. False if too many pages are open already. */
  watch(response: ServerResponse): boolean
  /** There is something new to see. */
  changed(): void
}

/** A page is drawn at most four times per second, however much arrives. */
const PAUSE_MS = 250
/** How often the chart of the last minute moves while nothing arrives. */
const TICK_MS = 1000
const MAX_WATCHERS = 32

/**
 * Sends the result of `draw` to all open pages; without one, nothing is drawn. While `moves` returns true, it is drawn
 * each second even if nothing arrives.
 */
export function createLive(draw: () => string, moves: () => boolean): Live {
  const watchers = new Set<ServerResponse>()
  let timer: NodeJS.Timeout | undefined
  let ticking: NodeJS.Timeout | undefined

  function push(): void {
    timer = undefined
    // A page that is still reading the last event gets the next one after that ('drain'): events do not pile up.
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

/** As JSON it has no line break, which would end the event. */
function eventOf(drawn: string): string {
  return `data: ${JSON.stringify(drawn)}\n\n`
}
