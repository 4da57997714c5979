// Preloaded into a process to give it a wrong clock. The library does not believe a time before it was written.
// test/backends/clock.cjs moves that time too; this file does not, since these tests are about earlier times.
const offset = Number(process.env.CLOCK_OFFSET)
const { now } = Date
Date.now = () => now() + offset
