import { html } from '../../report/html.ts'
import { plural } from '../../terminal/plural.ts'
import type { LastBody } from './activity.ts'

/** Each field needs a rule of its own in the page's style, so there is a limit. */
export const MAX_FIELDS = 32

/**
 * The last body, and beside it what its fields are for. The fields are radio buttons, so a click in the body or an arrow
 * key highlights one, without a script too.
 */
export function bodySection(body: LastBody | undefined): string {
  if (!body) return ''
  const fields = body.fields.slice(0, MAX_FIELDS)
  const indexes = new Map(fields.map(([field], index) => [field, index]))
  const code = body.pieces.map(({ text, field }) => {
    const index = field === undefined ? undefined : indexes.get(field)
    return index === undefined ? html(text) : `<label class="f${index}" for="f${index}">${html(text)}</label>`
  })
  const buttons = fields.map(
    ([field, sentence], index) =>
      `<div class="field" id="d${index}"><input type="radio" name="field" id="f${index}"${index === 0 ? ' checked' : ''}><label for="f${index}"><code>${html(field)}</code> <span>${html(sentence)}</span></label></div>`,
  )
  return `<section aria-labelledby="body" id="body-part">
<h2 id="body">Last request <small>${plural(body.length, 'character')}</small></h2>
<div class="body" id="body-parts">
<pre id="body-text">${code.join('')}</pre>
${
  buttons.length
    ? `<fieldset id="fields"><legend class="visually-hidden">What the fields are for</legend>
${buttons.join('\n')}
</fieldset>`
    : ''
}
</div>
</section>`
}
