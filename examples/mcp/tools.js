import { z } from 'zod'

/** @type {string[]} */
const notes = []
const text = (/** @type {string} */ text) => ({ content: [{ type: /** @type {const} */ ('text'), text }] })

/** What the server can do. The keys are all that can be sent as a command. */
export const tools = {
  add_note: {
    config: { description: 'Adds a note.', inputSchema: { note: z.string() } },
    run: (/** @type {{ note?: string }} */ { note = '' }) => text(`${notes.push(note)} notes`),
  },
  list_notes: {
    config: { description: 'Lists all notes.', inputSchema: {} },
    run: () => text(notes.join('\n')),
  },
}
