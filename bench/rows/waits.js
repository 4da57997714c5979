// What the command does after it has counted: it waits, like one that asks a server or another process.
setTimeout(() => {}, 300)
