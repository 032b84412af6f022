/**
 * The links in a page of HTML, changed in place: everything between them stays as it is, byte for byte. Only as much of HTML is read as
 * tells tags from what looks like tags in comments, scripts and texts. Takes time in proportion to the page, whatever is in it:
 * no search begins again behind where it ended before, and one that finds nothing is the last.
 *
 * Our own since what there is for this builds trees, too, or does not tell where a value stood, or takes time by the square of a
 * tag's attributes.
 */

/** Elements and those of their attributes that hold one URL. */
const LINKS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    a: 'href',
    applet: 'codebase',
    area: 'href',
    audio: 'src',
    base: 'href',
    blockquote: 'cite',
    body: 'background',
    button: 'formaction',
    command: 'icon',
    del: 'cite',
    embed: 'src',
    form: 'action',
    frame: 'longdesc src',
    head: 'profile',
    html: 'manifest',
    iframe: 'longdesc src',
    img: 'longdesc src usemap',
    input: 'formaction src usemap',
    ins: 'cite',
    link: 'href',
    object: 'classid codebase data usemap',
    q: 'cite',
    script: 'src',
    source: 'src',
    video: 'poster src',
  }).map(([element, attributes]) => [element, attributes.split(' ')]),
)

/** What stands in these is text until their end tag. */
const TEXTS: ReadonlyMap<string, RegExp> = new Map(
  ['iframe', 'noembed', 'noframes', 'style', 'textarea', 'title', 'xmp'].map(name => [
    name,
    new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, 'gi'),
  ]),
)

/** So much is looked at before others may have their turn: of links alone, some ten milliseconds. */
const SLICE_LETTERS = 64 * 1024

/**
 * `rewrite` gets each URL, with its slashes and colons spelled plainly, and gives the one that is to stand there. Yields between slices of
 * the page, and returns the page.
 */
export function* rewritingLinks(
  html: string,
  rewrite: (url: string) => string,
): Generator<void, string, void> {
  const pieces: string[] = []
  let copied = 0
  let at = 0
  let paused = 0
  for (;;) {
    if (at - paused > SLICE_LETTERS) {
      paused = at
      yield
    }
    at = html.indexOf('<', at)
    if (at < 0) break
    const name = matched(NAME, html, at)
    if (name === undefined) {
      at = endOfOther(html, at)
      if (at < 0) break
      continue
    }
    const tag = readTag(html, at + name.length)
    if (!tag) break
    const element = name.slice(1).toLowerCase()
    for (const { attribute, from, to } of tag.values) {
      if (!LINKS.get(element)?.includes(attribute)) continue
      const url = plainly(html.slice(from, to))
      const rewritten = rewrite(url)
      if (rewritten === url) continue
      pieces.push(html.slice(copied, from), rewritten)
      copied = to
    }
    at = endOfText(html, element, tag.end)
    if (at < 0) break
  }
  return copied === 0 ? html : pieces.join('') + html.slice(copied)
}

/** From the `<` on; a `/` makes it an end tag, whose attributes mean nothing, but hide a `>`. */
const NAME = /<\/?[a-z][^\t\n\f\r />]*/iy
const BEFORE_ATTRIBUTE = /[\t\n\f\r /]*/y
/** One may begin with `=`. */
const ATTRIBUTE = /=?[^\t\n\f\r />=]*/y
const EQUALS = /[\t\n\f\r ]*=[\t\n\f\r ]*/y
const UNQUOTED = /[^\t\n\f\r >]*/y

interface Value {
  readonly attribute: string
  readonly from: number
  readonly to: number
}

/** Undefined where the page ends within the tag: then it is none. */
function readTag(
  html: string,
  from: number,
): { readonly values: readonly Value[]; readonly end: number } | undefined {
  const values: Value[] = []
  let at = from
  while (at < html.length) {
    at += (matched(BEFORE_ATTRIBUTE, html, at) ?? '').length
    if (html[at] === '>') return { values, end: at + 1 }
    const attribute = matched(ATTRIBUTE, html, at) ?? ''
    at += attribute.length
    const equals = matched(EQUALS, html, at)
    if (equals === undefined) continue
    at += equals.length
    const quote = html[at]
    if (quote === '"' || quote === "'") {
      const to = html.indexOf(quote, at + 1)
      if (to < 0) return undefined
      values.push({ attribute: attribute.toLowerCase(), from: at + 1, to })
      at = to + 1
    } else {
      const value = matched(UNQUOTED, html, at) ?? ''
      values.push({ attribute: attribute.toLowerCase(), from: at, to: at + value.length })
      at += value.length
    }
  }
  return undefined
}

const COMMENT = /<!--(?:-?>|[\s\S]*?--!?>)/y

/** Behind a comment or its like; -1 where it has no end. A `<` alone is text. */
function endOfOther(html: string, at: number): number {
  if (html.startsWith('<!--', at)) {
    COMMENT.lastIndex = at
    return COMMENT.test(html) ? COMMENT.lastIndex : -1
  }
  if (!/[!?/]/.test(html.charAt(at + 1))) return at + 1
  return html.indexOf('>', at) + 1 || -1
}

/** Where the next tag may stand behind this one; -1 where all that follows is text. */
function endOfText(html: string, element: string, from: number): number {
  if (element === 'plaintext') return -1
  if (element === 'script') return endOfScript(html, from)
  const end = TEXTS.get(element)
  if (!end) return from
  end.lastIndex = from
  return end.exec(html)?.index ?? -1
}

const SCRIPT_PARTS = /<!--|-->|<\/?script(?=[\t\n\f\r />])/gi

/** Within `<!--` a `<script>` needs an end tag of its own: so pages have been since scripts were hidden from old browsers. */
function endOfScript(html: string, from: number): number {
  let isHidden = false
  let isNested = false
  SCRIPT_PARTS.lastIndex = from
  for (let part = SCRIPT_PARTS.exec(html); part; part = SCRIPT_PARTS.exec(html)) {
    switch (part[0].toLowerCase()) {
      case '<!--':
        isHidden = true
        SCRIPT_PARTS.lastIndex -= 2 // Its dashes may be those of the end, too.
        break
      case '-->':
        isHidden = isNested = false
        break
      case '<script':
        isNested = isHidden
        break
      default:
        if (!isNested) return part.index
        isNested = false
    }
  }
  return -1
}

/** Templates spell slashes as references, which mean the same in any attribute. */
const REFERENCES = /&(?:#0*47|#x0*2f|sol|(#0*58|#x0*3a|colon));/gi

function plainly(value: string): string {
  if (!value.includes('&')) return value
  return value.replace(REFERENCES, (_, colon) => (colon === undefined ? '/' : ':'))
}

function matched(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
