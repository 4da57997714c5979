import { printable } from '../../terminal/printable.ts'

/** The shell command that makes a tool send to this endpoint. */
export function commandLine(name: string, endpoint: string, command = '…'): string {
  const prefix = prefixOf(name)
  return `${prefix}_TELEMETRY=on ${prefix}_TELEMETRY_ENDPOINT=${endpoint} ${printable(name.replace(/^@[^/]*\//, ''))} ${command}`
}

/** How the prefix of the variables is made, for a tool whose name is not known yet. */
export const RULE: string = 'MYTOOL is its name in capitals: MY_TOOL for my-tool'

/** `MY_TOOL` for `@scope/my-tool`; the name of a variable cannot begin with a digit. */
function prefixOf(name: string): string {
  const words = name
    .replace(/^@[^/]*\//, '')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
  return /^\d/.test(words) ? `_${words}` : words
}
