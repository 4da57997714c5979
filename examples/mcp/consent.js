import { consentText, recordConsent } from 'otlp-tally/cli'

const question = {
  type: /** @type {const} */ ('object'),
  properties: { allow: { type: /** @type {const} */ ('boolean'), title: 'Count and send', default: false } },
  required: ['allow'],
}

/**
 * Asks the user in the client's own window, where the client can ask and the user has not answered yet. Never waits for
 * more than that: the tools work without an answer.
 *
 * @param {import('@modelcontextprotocol/sdk/server/index.js').Server} server
 */
export async function askConsent(server) {
  const text = consentText()
  if (text === undefined || !server.getClientCapabilities()?.elicitation) return
  try {
    const { action, content } = await server.elicitInput({ message: text, requestedSchema: question })
    if (action === 'accept') recordConsent(content?.allow === true ? 'yes' : 'no', text)
    else if (action === 'decline') recordConsent('no', text)
    // `cancel` is no answer: the next session asks again.
  } catch {
    // The client went away, or nobody answered in time.
  }
}
