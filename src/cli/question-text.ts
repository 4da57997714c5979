import type { Agreements } from '../core/decide/consent.ts'
import { environmentPrefix } from '../core/decide/environment.ts'
import type { Folders } from '../core/decide/folders.ts'
import { contents, newsIn } from '../core/decide/notice.ts'
import type { Target } from '../core/decide/target.ts'
import { type Row, textWidth, wrap } from '../core/layout.ts'
import type { Tool } from '../core/tool.ts'
import { commandText } from './context.ts'
import { rows } from './print.ts'

/** The question: what is sent, where to, and what is new since the user last agreed. */
export function questionText(
  tool: Tool,
  target: Target,
  folders: Folders,
  agreed: Agreements,
  columns?: number,
): string {
  const { options } = tool
  const news = newsIn(target, agreed)
  const later =
    options.command === false
      ? `${environmentPrefix(options.name)}_TELEMETRY=off, or [telemetry] enabled = false in ${folders.config}`
      : `${commandText(tool, 'enable')}, or disable`
  const all: Row[] = [
    ...contents(options, target),
    ...(news.length ? [['New', news.join(', ')] as const] : []),
    ['Later', later],
  ]
  const question = `May ${options.name} count how often you run each of its commands, and send these counts?`
  const width = textWidth(columns)
  return `${wrap(question, width)}\n${rows({ columns: width }, all)}Count and send?`
}
