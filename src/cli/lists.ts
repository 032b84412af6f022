/** Flags of lists. As upstream's, one that is given several times adds up. */
import { type Flag, flag } from './flags.ts'

/** Names with commas between them; several flags add up. */
export function listFlag<const F extends readonly string[] | undefined>(
  name: string,
  placeholder: string,
  doc: string,
  fallback: F,
): Flag<readonly string[] | F> {
  return {
    name,
    placeholder,
    doc,
    fallback,
    parse: text => text.split(',').map(each => each.trim()),
    join: (before, more) => [...(before ?? []), ...(more ?? [])],
  }
}

/** Names with values, which `read` understands, or refuses with a UserError; of a name that comes twice, the last value counts. */
export function mapFlag<T>(
  name: string,
  doc: string,
  read: (text: string) => ReadonlyMap<string, T>,
): Flag<ReadonlyMap<string, T>> {
  return {
    ...flag(name, 'LIST', doc, read, new Map()),
    join: (before, more) => new Map([...before, ...more]),
  }
}

/** A list that is read later. */
export function listTextFlag(
  name: string,
  placeholder: string,
  doc: string,
  fallback: string,
): Flag<string> {
  return {
    name,
    placeholder,
    doc,
    fallback,
    parse: text => text,
    join: (before, more) => `${before},${more}`,
  }
}
