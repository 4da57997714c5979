/**
 * The script of the page. It changes only the elements that differ from what the server has drawn, so focus, scroll
 * position, the chosen field and the animation of the bars survive. While text is selected nothing changes, so it can be
 * copied.
 */
export const SCRIPT: string = `
const main = document.querySelector('main'), state = document.getElementById('state'), news = document.getElementById('news')
const still = matchMedia('(prefers-reduced-motion: reduce)')
let latest, quiet, announced
function update() {
  if (latest === undefined || String(getSelection())) return
  const next = document.createElement('main')
  next.innerHTML = latest
  latest = undefined
  morph(main, next)
  const last = document.querySelector('#feed-list li'), headline = document.getElementById('headline').textContent
  const text = last ? [...last.children].slice(1).map(part => part.textContent).join(' ') + '; ' + headline : headline
  if (text === announced) return
  announced = text
  clearTimeout(quiet) // a screen reader reads the state out once nothing more arrives
  quiet = setTimeout(() => { news.textContent = text }, 1000)
}
function morph(old, now) {
  if (old.nodeType !== 1) { if (old.data !== now.data) old.data = now.data; return }
  for (const { name, value } of now.attributes) if (name !== 'checked' && old.getAttribute(name) !== value) old.setAttribute(name, value)
  const known = new Map([...old.children].filter(child => child.id).map(child => [child.id, child]))
  let place = old.firstChild
  for (const child of [...now.childNodes]) {
    const free = place && !place.id && !child.id && place.nodeName === child.nodeName ? place : undefined
    const same = child.id ? known.get(child.id) : free
    if (!same) {
      old.insertBefore(child, place)
      if (child.nodeName === 'LI' && child.id && !still.matches) child.animate([{ background: 'var(--lit)', transform: 'translateY(-.4rem)' }, {}], 700)
      continue
    }
    if (same === place) place = place.nextSibling
    else old.insertBefore(same, place)
    morph(same, child)
  }
  while (place) { const gone = place; place = place.nextSibling; gone.remove() }
}
main.addEventListener('change', ({ target }) => document.querySelector('#body-text .' + target.id)?.scrollIntoView({ block: 'nearest' }))
document.addEventListener('selectionchange', update)
const events = new EventSource('events')
events.onopen = () => { state.textContent = 'Live' }
events.onmessage = ({ data }) => { latest = JSON.parse(data); update() }
events.onerror = () => { state.textContent = 'Not connected: otlp-tally listen has ended. This page updates again once it is back.' }
`
