/** Reads an expression: what is wrong with how it is written is told, all of it, in the words of Go's implementation. */
import type { Expression } from './expression.ts'
import { MACROS, type Macro } from './macros.ts'
import { recognize } from './recognizer.ts'
import { type Complaint, NOWHERE } from './tokens.ts'
import { Reader } from './tree.ts'

/** Longest expression, in code points. */
const MAXIMUM_LENGTH = 100_000

export interface Read {
  readonly complaints: readonly Complaint[]
  /** Where nothing is complained of. */
  readonly expression?: Expression
}

export function parse(text: string, macros: ReadonlyMap<string, Macro> = MACROS): Read {
  const complaints: Complaint[] = []
  const complain = (complaint: Complaint) => void complaints.push(complaint)
  const length = lengthOf(text)
  if (length > MAXIMUM_LENGTH) {
    const sizes = `size: ${length}, limit ${MAXIMUM_LENGTH}`
    complain({ at: NOWHERE, message: `expression code point size exceeds limit: ${sizes}` })
    return { complaints }
  }
  const parsed = recognize(text, complain)
  const expression = parsed && new Reader(macros, complain).whole(parsed)
  return complaints.length === 0 && expression ? { complaints, expression } : { complaints }
}

function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}
