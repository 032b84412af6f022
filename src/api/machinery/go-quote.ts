/** Text in quotes as Go prints it: as JSON has it, but for characters that nobody could see. */

const PLAIN = /^[\x20-\x7e]*$/
const HIDDEN = /(?![\b\t\n\f\r ])[\p{C}\p{Z}]/gu
const ESCAPES: Readonly<Record<string, string>> = { '\x07': '\\a', '\x0b': '\\v' }

export function goQuote(text: string): string {
  if (PLAIN.test(text)) return JSON.stringify(text)
  const parts: string[] = []
  let from = 0
  for (const { 0: letter, index } of text.matchAll(HIDDEN)) {
    parts.push(JSON.stringify(text.slice(from, index)).slice(1, -1), escaped(letter))
    from = index + letter.length
  }
  parts.push(JSON.stringify(text.slice(from)).slice(1, -1))
  return `"${parts.join('')}"`
}

function escaped(letter: string): string {
  const known = ESCAPES[letter]
  if (known) return known
  const code = letter.codePointAt(0) ?? 0
  const digits = code.toString(16)
  if (code < 0x80) return `\\x${digits.padStart(2, '0')}`
  return code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`
}
