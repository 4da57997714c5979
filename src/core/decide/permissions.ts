/** The part of the global `Deno` that this file uses. */
interface DenoGlobal {
  permissions: { querySync(descriptor: { name: string }): { state: string; partial?: boolean } }
}

/** Node's permission model, where it is switched on (`--permission`). */
interface NodePermission {
  has(scope: string, reference?: string): boolean
}

/**
 * A sentence that names the permissions which Deno was not given; undefined if it has all of them. Deno would put
 * a question to the user for each, and telemetry is not worth one. Other runtimes have none that ask.
 */
export function lacking(...names: readonly string[]): string | undefined {
  if (!process.versions.deno) return undefined
  const { permissions } = (globalThis as unknown as { Deno: DenoGlobal }).Deno
  const flags = names
    .filter(name => {
      const { state, partial } = permissions.querySync({ name })
      return state !== 'granted' || partial
    })
    .map(name => ` --allow-${name}`)
  return flags.length ? `Deno was started without${flags.join('')}` : undefined
}

/** What Node's permission model forbids of what is needed to count and to send, in words. */
export function forbidden(state: string): string | undefined {
  const { permission } = process as { permission?: NodePermission }
  if (!permission) return undefined
  const flags = [
    ...(permission.has('fs.read', state) ? [] : [' --allow-fs-read']),
    ...(permission.has('fs.write', state) ? [] : [' --allow-fs-write']),
    // Node before 25 does not restrict the network, and answers false for what it does not know.
    ...(!process.allowedNodeEnvironmentFlags.has('--allow-net') || permission.has('net')
      ? []
      : [' --allow-net']),
  ]
  return flags.length ? `Node was started without${flags.join('')}` : undefined
}

/** True where Node's permission model lets this process start no other. */
export function mayNotSpawn(): boolean {
  const { permission } = process as { permission?: NodePermission }
  return permission !== undefined && !permission.has('child')
}
