#!/usr/bin/env node
import { commands, Misuse } from './bin/commands.ts'
import { type Row, rowsText, textWidth, wrap } from './core/layout.ts'
import { version } from './core/version.ts'
import { readArguments } from './terminal/arguments.ts'
import { didYouMean } from './terminal/did-you-mean.ts'

main(process.argv.slice(2)).then(code => {
  process.exitCode = code
})

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined) {
    process.stderr.write(usageText(Object.keys(commands)))
    return 2
  }
  if (/^(--version|-v|version)$/.test(name)) return say(`${version}\n`)
  const wantsHelp = /^(help|--help|-h)$/.test(name)
  const topic = wantsHelp ? args[0] : name
  if (topic === undefined) return say(usageText(Object.keys(commands)))
  const command = Object.hasOwn(commands, topic) ? commands[topic] : undefined
  if (!command)
    return misunderstood(`${topic}: there is no such command${didYouMean(topic, Object.keys(commands))}`)
  if (wantsHelp || args.some(arg => arg === '--help' || arg === '-h')) return say(usageText([topic]))
  const [fewest, most, expected] = command.operands
  const given = readArguments(args, command.options, [fewest, most], expected)
  if (typeof given === 'string') return misunderstood(`${topic}: ${given}`)
  try {
    return await command.run(given.values, given.operands)
  } catch (error) {
    if (error instanceof Misuse) return misunderstood(`${topic}: ${error.message}`)
    throw error
  }
}

/** One command with its options, or several with a sentence each. */
function usageText(names: string[]): string {
  const width = textWidth(process.stdout.columns)
  const [only] = names
  if (names.length === 1 && only !== undefined) {
    const { usage, does, flags } = commands[only]!
    return `usage: otlp-tally ${usage}\n\n${wrap(does, width)}\n\n${rowsText(flags, width)}\n`
  }
  const rows = names.map((name): Row => [commands[name]!.usage.split(' [')[0]!, commands[name]!.does])
  return `usage: otlp-tally COMMAND\n\n${rowsText(rows, width)}\n\n"otlp-tally help COMMAND" shows its options.\n`
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function misunderstood(sentence: string): number {
  process.stderr.write(`otlp-tally: ${sentence} ("otlp-tally help" lists the commands)\n`)
  return 2
}
