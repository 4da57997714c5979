// Preloaded into a process whose clock is to be wrong. A time before the library was written is not believed, so to a
// process of last week it was written a week earlier as well.
const offset = Number(process.env.CLOCK_OFFSET)
const { now, UTC } = Date
Date.now = () => now() + offset
Date.UTC = (...parts) => UTC(...parts) + Math.min(0, offset)
