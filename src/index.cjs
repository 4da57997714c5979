// What `require('otlp-tally')` gives. Node 20.19, 22.12 and newer can require the ES module. An older Node, and Jest,
// cannot: there everything is off, and the tool works.
'use strict'
try {
  module.exports = require('./index.js')
} catch {
  const functions = {
    trackCommand() {},
    trackEvent() {},
    async flushTelemetry() {},
  }
  const disabled = 'this runtime cannot require an ES module'
  // `import('otlp-tally/cli')` works on an older Node. Through this handle `status` finds the tool (see core/global.ts).
  const key = Symbol.for('otlp-tally@0.3')
  const initTelemetry = options => {
    try {
      globalThis[key] = globalThis[key] || { tools: new Map(), early: 0, noticed: false }
      const tool = { ...functions, options, disabled, disable() {}, discard() {}, stayOff() {}, explain() {} }
      globalThis[key].tools.set(options.name, tool)
    } catch {
      // Options that cannot be read at all: the tool works, without telemetry.
    }
    return functions
  }
  module.exports = { ...functions, initTelemetry }
}
