// What the command itself does, after it has counted: a fixed amount of work. In the runtime's native code, because on a
// single core it depends on luck when the compiler's own thread gets to run.
const text = 'x'.repeat(1_000_000)
let found = 0
for (let i = 0; i < 200; i++) found += text.lastIndexOf('y')
process.env.BENCH_COMPUTED = String(found) // so that no compiler drops the loop
