/**
 * An empty list where JSON shows one in any case: whoever wrote it may have said so or said nothing, which are the same once they are stored. Upstream
 * forgets it there as well, but not before it asked who owns the list: who says that it is empty takes it, every time anew.
 */

/** By list: whether it was said. Of lists that were not read from a body nothing is known. */
const said = new WeakMap<readonly unknown[], boolean>()

export function noteSaid<T extends readonly unknown[]>(list: T, isSaid: boolean): T {
  said.set(list, isSaid)
  return list
}

/** Undefined where nobody knows. */
export const isSaid = (list: readonly unknown[]): boolean | undefined => said.get(list)

/** A copy says what the list said that it was made of. */
export function copySaid<T extends readonly unknown[]>(from: readonly unknown[], to: T): T {
  const known = said.get(from)
  return known === undefined ? to : noteSaid(to, known)
}
