/** Lists without what servers put there for themselves: events of what they repair, endpoints with ports of their own, levels and schemas. */
import { readText } from './differences.ts'

/** As objects of lives are named, see nameOf of all-kinds/testing/objects.ts; some are named after their group. */
const NAMES = /^(web-|10\.77\.|group\d|things\d)/

interface Named {
  readonly metadata?: { readonly name?: string }
}

interface Row {
  readonly object?: Named | null
}

const isOfLives = (object: Named | null | undefined) => NAMES.test(object?.metadata?.name ?? '')

/** The answer as JSON; as it is where it is no list, or cannot be read. */
export function ofLives(text: string): string {
  const told = readText(text)
  if (Array.isArray(told?.items))
    return JSON.stringify({ ...told, items: told.items.filter(isOfLives) })
  if (Array.isArray(told?.rows))
    return JSON.stringify({
      ...told,
      rows: told.rows.filter(({ object }: Row) => isOfLives(object)),
    })
  return text
}
