import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rewritingLinks } from './html-links.ts'

function rewriteLinks(html: string, rewrite: (url: string) => string): string {
  const work = rewritingLinks(html, rewrite)
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value
}

/** Marks each URL that is taken for a link. */
const marked = (html: string) => rewriteLinks(html, url => `[${url}]`)

const attributes: Readonly<Record<string, string>> = {
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
  input: 'src usemap formaction',
  ins: 'cite',
  link: 'href',
  object: 'classid codebase data usemap',
  q: 'cite',
  script: 'src',
  source: 'src',
  video: 'poster src',
}

test('each element has its own attributes with links', () => {
  const all = new Set(Object.values(attributes).flatMap(names => names.split(' ')))
  for (const [element, names] of Object.entries(attributes))
    for (const name of all)
      assert.equal(
        marked(`<${element} ${name}="/x">`),
        names.split(' ').includes(name)
          ? `<${element} ${name}="[/x]">`
          : `<${element} ${name}="/x">`,
      )
  for (const other of [
    '<constructor href=/x>',
    '<__proto__ src=/x>',
    '<a2 href=/x>',
    '</a href=/x>',
  ])
    assert.equal(marked(other), other)
})

test('values are found however they are written, and nothing else changes', () => {
  const cases = [
    ['<A HREF=/x>', '<A HREF=[/x]>'],
    ["<a\n\thref = '/x'\r\n>", "<a\n\thref = '[/x]'\r\n>"],
    ['<a href=/x/>', '<a href=[/x/]>'],
    ['<a/href=/x>', '<a/href=[/x]>'],
    ['<a class="<b>" href="/a>b">', '<a class="<b>" href="[/a>b]">'],
    ['<a data-href=/y href=/x hrefs=/z>', '<a data-href=/y href=[/x] hrefs=/z>'],
    ['<a ="x" href=/x>', '<a ="x" href=[/x]>'],
    ['<a =x=/y href=/x>', '<a =x=/y href=[/x]>'],
    ['<a disabled  href=/x disabled>', '<a disabled  href=[/x] disabled>'],
    [
      '<img src=/a usemap="#m"  longdesc=/b alt=">">',
      '<img src=[/a] usemap="[#m]"  longdesc=[/b] alt=">">',
    ],
    ['<a href="/é?a=1&amp;b=2#c">', '<a href="[/é?a=1&amp;b=2#c]">'],
    ['<a href="&#x2F;x&sol;y&#47;">', '<a href="[/x/y/]">'],
    ['<a href="http&colon;//h">', '<a href="[http://h]">'],
    ['<a href=>/x</a>', '<a href=[]>/x</a>'],
    ['1 < 2 <a href=/x> <3', '1 < 2 <a href=[/x]> <3'],
    ['</p title=">"><a href=/x>', '</p title=">"><a href=[/x]>'],
  ] as const
  for (const [html, expected] of cases) assert.equal(marked(html), expected, html)
})

test('what looks like a tag in comments, scripts and texts is none', () => {
  const link = '<a href=/x>'
  const before = [
    `<!-- ${link} -->`,
    `<!-- ${link} --!>`,
    `<!-->`,
    `<!--->`,
    `<!---->`,
    `<!--!> ${link} -->`,
    `<!doctype html ">`,
    `<?xml ${link}`,
    `</ ${link}`,
    `</>`,
    `<![CDATA[ ${link}`,
    `<script>'${link}'</scripts>${link}</script >`,
    `<SCRIPT>"<!--${link}"</script/>`,
    `<script><!-- <script> ${link} </script> ${link} </script>`,
    `<script><!-- <script> ${link} --> ${link} </script>`,
    `<script><!--> <script> ${link} </script>`,
    `<script><!-- <!--> <script> ${link} </script>`,
    `<textarea>${link}</TextArea\n>`,
    `<title>${link}</title>`,
    `<style>a > b {} ${link}</style>`,
    `<iframe>${link}</iframe>`,
    `<xmp>${link}</xmpx></xmp>`,
  ]
  for (const text of before) assert.equal(marked(text + link), `${text}<a href=[/x]>`, text)
  const toTheEnd = [
    '<!-- ',
    '<script>',
    '<script><!--<script></script>',
    '<textarea>',
    '<plaintext></plaintext>',
  ]
  for (const text of [...toTheEnd, '<a title="', '<b', '<?'])
    assert.equal(marked(text + link), text + link, text)
  for (const text of ['<a href=/x', '<a href="/x"', '<a href="/x']) assert.equal(marked(text), text)
  const script = `<script src=/x>${link}</script>`
  assert.equal(marked(script), script.replace('/x', '[/x]'))
})

test('where no link is changed every byte stays, and changed ones stand where they stood', () => {
  const part = fc.oneof(
    fc.constantFrom('<', '>', '"', "'", '/', '=', '!', '-', '--', '<!--', '-->', ' ', '<a href='),
    fc.constantFrom('<a ', 'href', '<script', '</script', '<textarea>', '</textarea>', '<![CDATA['),
    fc.string({ maxLength: 3 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), parts => {
      const html = parts.join('').replaceAll(/[&{}]/g, '')
      assert.equal(
        rewriteLinks(html, url => url),
        html,
      )
      const changed = rewriteLinks(html, url => `{${url}}`)
      assert.equal(changed.replaceAll(/[{}]/g, ''), html)
    }),
  )
})

test('a hostile page takes no longer than any other of its size', () => {
  const size = 1 << 18
  const parts = [
    '<',
    '<!',
    '<!--',
    '</',
    '<a',
    '<a ',
    '<a b',
    '<a b=',
    '<a b="',
    '<a b=c ',
    '<a href=/x>',
    '= ',
    'a ',
    '<script>',
    '<script><!--',
    '</script',
    '<textarea>',
    '</textare',
    '-',
    '--!',
    '&#00',
    ' ',
    '\n',
    '/',
    '<!-->',
    '<a href="&#0',
  ]
  for (const start of [
    '',
    '<a ',
    '<a href="',
    '<!--',
    '<script>',
    '<script><!--',
    '<textarea>',
    '<a b',
  ])
    for (const part of parts) {
      const html = start + part.repeat(size / part.length)
      const { user } = process.cpuUsage()
      marked(html)
      const spentMs = (process.cpuUsage().user - user) / 1000
      assert.ok(spentMs < 1_000, `${start} and ${part} repeated: ${spentMs} ms`)
    }
})

test('a large page lets others have their turns', () => {
  const html = '<a href=/x>'.repeat(20_000)
  const slices = [...rewritingLinks(html, url => url)].length
  assert.ok(slices >= 3 && slices <= 4, `${slices} turns for ${html.length} letters`)
})
