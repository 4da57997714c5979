// The least that any design with a helper process costs: an empty program, a pipe, an exit handler.
process.once('exit', () => {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(process.execPath, ['-e', ''], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {}).end('x')
  child.unref()
})
