import { printable } from '../../terminal/printable.ts'

/** How a tool is made to send here, for a shell. */
export function commandLine(name: string, endpoint: string, command = '…'): string {
  const prefix = prefixOf(name)
  return `${prefix}_TELEMETRY=on ${prefix}_TELEMETRY_ENDPOINT=${endpoint} ${printable(name.replace(/^@[^/]*\//, ''))} ${command}`
}

/** The rule, for a tool that has not been heard of yet. */
export const RULE: string = 'MYTOOL is its name in capitals: MY_TOOL for my-tool'

/** `MY_TOOL` for `@scope/my-tool`; a shell takes no variable that begins with a digit. */
function prefixOf(name: string): string {
  const words = name
    .replace(/^@[^/]*\//, '')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
  return /^\d/.test(words) ? `_${words}` : words
}
