// Preloaded into a process whose clock is to be wrong.
const now = Date.now
Date.now = () => now() + Number(process.env.CLOCK_OFFSET)
