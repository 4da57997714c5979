const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text, escaped for HTML. */
export function html(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character]!)
}
