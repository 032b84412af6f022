/**
 * On which line of a YAML text a field stands, so that what the server says of it is shown there. Reads the block style in which the dashboard
 * writes; of what somebody typed otherwise, the nearest line above that can be told.
 */

/** `spec.template.spec.containers[0].image` and `metadata.labels[a/b]`, as the API writes paths of fields. */
export function fieldParts(field: string): string[] {
  return [...field.matchAll(/\[("(?:[^"\\]|\\.)*"|[^\]]*)\]|([^.[\]]+)/g)].map(
    ([, inBrackets, plain]) => plain ?? (inBrackets ?? '').replace(/^"(.*)"$/, '$1'),
  )
}

interface Line {
  readonly indent: number
  /** Behind the dashes, if there are any. */
  readonly key: string | undefined
  /** Columns of the dashes before the key. */
  readonly dashes: readonly number[]
}

/** The line, from 0, of the deepest part of the field that is there; undefined where not even the first is. */
export function lineOfField(yaml: string, field: string): number | undefined {
  const lines = yaml.split('\n').map(readLine)
  let [from, to] = [0, lines.length]
  let found: number | undefined
  let indent = -1
  for (const part of fieldParts(field)) {
    const place = /^\d+$/.test(part)
      ? (itemAt(lines, from, to, indent, Number(part)) ?? memberAt(lines, from, to, indent, part))
      : memberAt(lines, from, to, indent, part)
    if (!place) return found
    found = place.line
    indent = place.indent
    from = place.from
    to = endOf(lines, place.line + 1, to, indent, place.isItem)
  }
  return found
}

interface Found {
  readonly line: number
  readonly indent: number
  /** Where what is in it begins. */
  readonly from: number
  readonly isItem: boolean
}

function memberAt(
  lines: readonly (Line | undefined)[],
  from: number,
  to: number,
  indent: number,
  key: string,
): Found | undefined {
  let own: number | undefined
  for (let at = from; at < to; at++) {
    const line = lines[at]
    if (line?.key === undefined || line.indent <= indent) continue
    own ??= line.indent
    if (line.indent === own && line.key === key)
      return { line: at, indent: own, from: at + 1, isItem: false }
  }
  return undefined
}

function itemAt(
  lines: readonly (Line | undefined)[],
  from: number,
  to: number,
  indent: number,
  index: number,
): Found | undefined {
  let own: number | undefined
  let count = -1
  for (let at = from; at < to; at++) {
    const dash = lines[at]?.dashes.find(column => column >= indent)
    if (dash === undefined) continue
    own ??= dash
    // The first line of an item has its first member, too.
    if (dash === own && ++count === index) return { line: at, indent: own, from: at, isItem: true }
  }
  return undefined
}

function endOf(
  lines: readonly (Line | undefined)[],
  from: number,
  to: number,
  indent: number,
  isItem: boolean,
): number {
  for (let at = from; at < to; at++) {
    const line = lines[at]
    if (!line) continue
    const [dash] = line.dashes
    if (dash !== undefined) {
      // Lists stand under their key, not further in.
      if (dash < indent || (isItem && dash === indent)) return at
    } else if (line.indent <= indent) return at
  }
  return to
}

function readLine(text: string): Line | undefined {
  if (/^\s*(#|$)/.test(text)) return undefined
  const dashes: number[] = []
  let at = text.search(/\S/)
  while (text[at] === '-' && (text[at + 1] === ' ' || at + 1 === text.length)) {
    dashes.push(at)
    const next = text.slice(at + 1).search(/\S/)
    if (next < 0) return { indent: at, key: undefined, dashes }
    at += 1 + next
  }
  const [, quoted, single, plain] =
    /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'[{#&*!|>][^#]*?))\s*:(?:\s|$)/.exec(
      text.slice(at),
    ) ?? []
  return { indent: at, key: quoted ?? single?.replaceAll("''", "'") ?? plain, dashes }
}
