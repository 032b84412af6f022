/** Constants that the engine's way of writing trees out would break: they are written as calls. */
import type { Add } from './library.ts'
import type { Node } from './two-variables.ts'

const NUMBER = 'number__'
const TEXT = 'text__'

/** Turns a constant into a call that gives it, where need be; `parse` gives the tree of a text. */
export function keepLiteral(node: Node, parse: (text: string) => Node): void {
  const { args: value } = node
  if (node.op !== 'value' || !isFragile(value)) return
  const name = typeof value === 'number' ? NUMBER : TEXT
  const { op, args } = parse(`${name}(${JSON.stringify(encodeURIComponent(String(value)))})`)
  Object.assign(node, { op, args })
}

/** Numbers with an exponent or many digits, and letters beyond the first plane. */
const isFragile = (value: unknown) =>
  typeof value === 'number'
    ? !/^\d{1,15}(?:\.\d{1,9})?$/.test(String(value))
    : typeof value === 'string' && /[\ud800-\udbff][\udc00-\udfff]/.test(value)

export function addLiterals(add: Add): void {
  add(`${NUMBER}(string): double`, (text: string) => Number(decodeURIComponent(text)))
  add(`${TEXT}(string): string`, (text: string) => decodeURIComponent(text))
}
