import { consentText, recordConsent } from 'otlp-tally/cli'

/**
 * Asks in the client's own window, if the client can ask and the user has not answered yet.
 *
 * @param {import('@modelcontextprotocol/sdk/server/index.js').Server} server
 */
export async function askConsent(server) {
  const text = consentText()
  if (text === undefined || !server.getClientCapabilities()?.elicitation) return
  try {
    const { action, content } = await server.elicitInput({
      message: text,
      requestedSchema: {
        type: 'object',
        properties: { allow: { type: 'boolean', title: 'Count and send', default: false } },
        required: ['allow'],
      },
    })
    if (action === 'accept') recordConsent(content?.allow === true ? 'yes' : 'no', text)
    if (action === 'decline') recordConsent('no', text)
    // `cancel` is no answer: the next session asks again.
  } catch {
    // The client went away, or nobody answered in time.
  }
}
