import type { Use } from '../../report/use.ts'

/** What a file or a server has counted. All names are safe to print. */
export interface Counted {
  /** Most installations first. */
  tools: Tool[]
  /** The attributes of the metric that was asked for, if it does not count commands. */
  keys?: string[]
  /** A sentence, if there was more than can be kept. */
  full?: string
}

export interface Tool {
  /** `service.name` */
  name: string
  uses: Use[]
}

interface Found {
  uses: ReadonlyMap<string, readonly Use[]>
  /** The metric that was asked for, and its attributes. */
  metric: string | undefined
  keys: ReadonlySet<string>
  full: string | undefined
}

export function countedIn({ uses: byTool, metric, keys, full }: Found): Counted {
  // A metric that does not count commands is shown alone, without events.
  const isAlone = metric !== undefined && !keys.has('command_name')
  const tools = [...byTool].map(([name, uses]) => ({
    name,
    uses: uses.filter(({ kind }) => kind === 'run' || !isAlone),
  }))
  return { tools: byReach(tools), ...(isAlone && { keys: [...keys] }), ...(full && { full }) }
}

/** By installations and not by uses, so that a single sender of another name cannot come first. */
function byReach(tools: readonly Tool[]): Tool[] {
  return tools
    .filter(({ uses }) => uses.length)
    .map(tool => ({ tool, reach: new Set(tool.uses.map(({ installation }) => installation)).size }))
    .sort(
      (a, b) =>
        b.reach - a.reach || b.tool.uses.length - a.tool.uses.length || (a.tool.name < b.tool.name ? -1 : 1),
    )
    .map(({ tool }) => tool)
}

/** Where commands run. `attribute` returns the value of a resource attribute, empty if there is none. */
export function environmentOf(attribute: (key: string) => string): Pick<Use, 'os' | 'arch' | 'runtime'> {
  const of = (key: string) => attribute(key).slice(0, 40)
  const [os, arch, runtime] = [of('os.type'), of('host.arch'), of('process.runtime.name')]
  const [major = ''] = of('process.runtime.version').split('.')
  return {
    ...(os && { os }),
    ...(arch && { arch }),
    ...(runtime && { runtime: `${runtime} ${major}`.trim() }),
  }
}

/** True for an id that can be shown as it is. */
export function isShownId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id)
}
