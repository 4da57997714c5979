Error.stackTraceLimit = 0
import { load } from './library.ts'
import { host } from './process.ts'
import { Model } from './model.ts'
import { explore } from './explore.ts'
import { first, more, OFTEN } from './scenarios.ts'
const library = await load(host, process.env.OFTEN ? OFTEN : {})
const limit = Number(process.argv[3] ?? 50000)
for (const [name, sc] of Object.entries(process.env.MORE ? more : first)) {
  if (process.argv[2] && !name.includes(process.argv[2]) && process.argv[2] !== 'all') continue
  const t = Date.now()
  const r = explore(new Model(library, sc), limit)
  console.log(name, JSON.stringify({ ...r, counterexample: undefined }), Date.now() - t, 'ms')
  if (r.counterexample) { console.log('  ' + r.counterexample); if (process.env.DISK) { const m = new Model(library, sc); let st = m.initial(); for (const n of r.counterexample.split('\n  ').slice(1)) { const a = [...m.next(st)].find(a => a.name === n.split('\n')[0]); if (!a) { console.log('?', n); break }; st = a.then() } ; for (const [n, i] of st.disk.names) console.log(n, st.disk.files[i].synced, st.disk.files[i].text.replaceAll('\0', '0')) } }
}
