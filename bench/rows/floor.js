// What any design with a helper process costs at least: an exit handler that starts an empty process without pipes.
process.once('exit', () => {
  const { spawn } = process.getBuiltinModule('node:child_process')
  spawn(process.execPath, ['-e', ''], { detached: true, stdio: 'ignore' }).unref()
})
