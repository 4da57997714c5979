// The least that a design with a helper process costs when it hands the request over through a pipe.
process.once('exit', () => {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(process.execPath, ['-e', ''], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {}).end('x')
  child.unref()
})
