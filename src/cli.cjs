// What `require('otlp-tally/cli')` gives: see index.cjs. An older Node can still import the ES module.
'use strict'
try {
  module.exports = require('./cli.js')
} catch {
  const later =
    name =>
    async (...args) =>
      (await import('./cli.js'))[name](...args)
  module.exports = {
    runTelemetryCommand: later('runTelemetryCommand'),
    askConsent: later('askConsent'),
    // Everything is off here, so there is nothing to ask.
    consentText() {},
    recordConsent: () => false,
  }
}
