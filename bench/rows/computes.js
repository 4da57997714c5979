// What the command itself does, after it has counted: a fixed amount of work, like a compiler's.
function compute() {
  let sum = 1
  for (let i = 0; i < 150_000_000; i++) sum = (Math.imul(sum, 31) + i) | 0
  return sum
}

process.env.BENCH_COMPUTED = String(compute()) // so that no compiler drops the loop
