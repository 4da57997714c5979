/** The part of the global `Deno` that this file uses. */
interface DenoGlobal {
  permissions: { querySync(descriptor: { name: string }): { state: string; partial?: boolean } }
}

/** Node's permission model, where it is switched on (`--permission`). */
interface NodePermission {
  has(scope: string, reference?: string): boolean
}

/**
 * A sentence that names the permissions which Deno was not given; undefined if it has all of them, and in other
 * runtimes. Deno would ask the user for each one, and telemetry must not cause a question.
 */
export function lacking(...names: readonly string[]): string | undefined {
  if (!process.versions.deno) return undefined
  const { permissions } = (globalThis as unknown as { Deno: DenoGlobal }).Deno
  return without('Deno', names, name => {
    const { state, partial } = permissions.querySync({ name })
    return state === 'granted' && !partial
  })
}

/** A sentence that names what Node's permission model forbids, of what counting and sending needs. */
export function forbidden(stateFolder: string): string | undefined {
  const { permission } = process as { permission?: NodePermission }
  if (!permission) return undefined
  // Node before 25 does not restrict the network, and says false for a permission that it does not know.
  const hasNet = !process.allowedNodeEnvironmentFlags.has('--allow-net') || permission.has('net')
  return without('Node', ['fs-read', 'fs-write', 'net'], name =>
    name === 'net' ? hasNet : permission.has(name.replace('-', '.'), stateFolder),
  )
}

/** True where Node's permission model lets this process start no other. */
export function mayNotSpawn(): boolean {
  return (process as { permission?: NodePermission }).permission?.has('child') === false
}

function without(
  runtime: string,
  names: readonly string[],
  has: (name: string) => boolean,
): string | undefined {
  const flags = names.filter(name => !has(name)).map(name => ` --allow-${name}`)
  return flags.length ? `${runtime} was started without${flags.join('')}` : undefined
}
