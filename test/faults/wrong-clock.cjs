// Preloaded into a process whose clock is to be wrong. Unlike test/backends/clock.cjs it leaves alone when the library was
// written: these tests are about times before that.
const offset = Number(process.env.CLOCK_OFFSET)
const { now } = Date
Date.now = () => now() + offset
