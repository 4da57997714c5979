/**
 * All that runs in the page: puts in what the server has drawn. Where somebody reads, marks or tabs stays as it is, and
 * while text is marked nothing changes at all, so that it can be copied.
 */
export const SCRIPT: string = `
const main = document.querySelector('main'), state = document.getElementById('state')
let latest, quiet
function swap() {
  if (latest === undefined || String(getSelection())) return
  const { activeElement: { id: focused }, scrollingElement: { scrollTop: place } } = document
  const before = [...main.querySelectorAll('[id]')].map(({ id, open, scrollTop, scrollLeft }) => ({ id, open, scrollTop, scrollLeft }))
  main.innerHTML = latest
  latest = undefined
  for (const { id, ...kept } of before) Object.assign(document.getElementById(id) ?? {}, kept)
  if (main.querySelector(\`[id="\${focused}"]\`)) document.getElementById(focused).focus({ preventScroll: true })
  document.scrollingElement.scrollTop = place
  clearTimeout(quiet) // a reader of screens hears how it stands once nothing more comes
  quiet = setTimeout(() => { document.getElementById('news').textContent = document.getElementById('claim').textContent }, 1000)
}
document.addEventListener('selectionchange', swap)
const events = new EventSource('events')
events.onopen = () => { state.textContent = 'Live: this page goes on by itself.' }
events.onmessage = ({ data }) => { latest = JSON.parse(data); swap() }
events.onerror = () => { state.textContent = 'Not connected: otlp-tally listen has ended. Once it is back, this page goes on.' }
`
