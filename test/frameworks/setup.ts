import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Installs what the examples need, unless it is installed, and compiles the examples, which checks their types. */
export default function setup(): void {
  for (const name of ['frameworks', 'mcp']) {
    const folder = join(root, 'examples', name)
    if (!isInstalled(folder)) run(folder, 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'])
    run(folder, process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])
  }
}

/** Whether npm's record of what it has installed agrees with the lock file. */
function isInstalled(folder: string): boolean {
  try {
    statSync(join(folder, 'node_modules/otlp-tally/dist/index.js'))
    const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
    const locked = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages
    return Object.entries(locked).every(
      ([path, entry]) =>
        !path.startsWith('node_modules/') ||
        (entry as { optional?: boolean }).optional ||
        packages[path]?.integrity === (entry as { integrity?: string }).integrity,
    )
  } catch {
    return false
  }
}

function run(cwd: string, command: string, args: string[]): void {
  try {
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    // Printed, not rethrown: the output of the command helps, our stack trace does not.
    const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
    console.error([message, stdout, stderr].join('\n'))
    process.exit(1)
  }
}
