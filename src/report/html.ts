const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as HTML. Names in it may be a stranger's. */
export function html(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character]!)
}
