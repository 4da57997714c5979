/** `environment: true`: where a command runs, as semantic conventions 1.44 name it. */
export interface EnvironmentAttributes {
  [key: string]: string
}

/** `os.type` of each `process.platform`, and `host.arch` of each `process.arch`, where the two differ. */
const OS_TYPES: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' }
const ARCHES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm32' }

/** Only the major of the runtime's version: it answers whether an old one can be dropped, and tells nobody apart. */
export function environmentAttributes(): EnvironmentAttributes {
  const { platform, arch, versions } = process
  const name = versions.bun ? 'bun' : versions.deno ? 'deno' : 'nodejs'
  const version = versions.bun ?? versions.deno ?? versions.node
  return {
    'os.type': OS_TYPES[platform] ?? platform,
    'host.arch': ARCHES[arch] ?? arch,
    'process.runtime.name': name,
    'process.runtime.version': version.split('.')[0]!,
  }
}
