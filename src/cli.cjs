// What `require('otlp-tally/cli')` gives: see index.cjs. An older Node cannot require the ES module, but can import it.
'use strict'
try {
  module.exports = require('./cli.js')
} catch {
  module.exports = {
    runTelemetryCommand: async (...args) => (await import('./cli.js')).runTelemetryCommand(...args),
    // Nothing is counted there, so there is nothing to ask.
    async askConsent() {},
    consentText() {},
    recordConsent: () => false,
  }
}
