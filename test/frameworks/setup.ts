import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Installs what the examples need where it is not yet, and compiles the examples, which checks their types. */
export default function setup(): void {
  for (const name of ['frameworks', 'mcp']) {
    const folder = join(root, 'examples', name)
    if (!isInstalled(folder)) run(folder, 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'])
    run(folder, process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])
  }
}

/** npm writes down what it has installed. It is what the lock file says, or it is installed anew. */
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
    // Not thrown on: what the command said is what helps, and a stack of ours above it does not.
    const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
    console.error([message, stdout, stderr].join('\n'))
    process.exit(1)
  }
}
