/** Of `Deno`, what is asked here. */
interface DenoGlobal {
  permissions: { querySync(descriptor: { name: string }): { state: string; partial?: boolean } }
}

/**
 * Of these permissions, in words, those that Deno was not started with; undefined where none is missing. Deno would put
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
