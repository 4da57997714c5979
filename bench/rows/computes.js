// What the command does after it has counted: a fixed amount of work. It is native code of the runtime, because on a single
// core it depends on chance when the thread of the compiler runs.
const text = 'x'.repeat(1_000_000)
let found = 0
for (let i = 0; i < 200; i++) found += text.lastIndexOf('y')
process.env.BENCH_COMPUTED = String(found) // so that no compiler drops the loop
