/** Names of a definition that are another's already, each in a way of its own. */

export interface Names {
  readonly plural: string
  readonly kind: string
  readonly singular?: string
  readonly listKind?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

/** The other has the plural `firsts`, the kind `First` and what follows from them, and the short names `fi` and `fst`. */
export const conflicts: Readonly<Record<string, Names>> = {
  'its plural': { plural: 'first', kind: 'Second' },
  'its plural, which is a short name': { plural: 'fst', kind: 'Second' },
  'its singular': { plural: 'seconds', kind: 'Second', singular: 'firsts' },
  'its kind': { plural: 'seconds', singular: 'second', kind: 'First' },
  'its kind, which is a kind of lists': {
    plural: 'seconds',
    singular: 'second',
    kind: 'FirstList',
    listKind: 'Others',
  },
  'its kind of lists': { plural: 'seconds', kind: 'Second', listKind: 'FirstList' },
  'a short name': { plural: 'seconds', kind: 'Second', shortNames: ['fi', 'se'] },
  'two short names': { plural: 'seconds', kind: 'Second', shortNames: ['se', 'fst', 'firsts'] },
  'the same short name twice': { plural: 'seconds', kind: 'Second', shortNames: ['fi', 'fi'] },
  'all its names': {
    plural: 'first',
    kind: 'First',
    singular: 'firsts',
    listKind: 'FirstList',
    shortNames: ['fi'],
    categories: ['all'],
  },
  'its singular and its kind': { plural: 'seconds', kind: 'First' },
  'a short name that is its own plural': {
    plural: 'seconds',
    kind: 'Second',
    shortNames: ['seconds'],
  },
  'a short name that is its own singular': {
    plural: 'seconds',
    kind: 'Second',
    shortNames: ['second', 'se'],
  },
  'no name': { plural: 'seconds', kind: 'Second', shortNames: ['se', 'se'], categories: ['all'] },
}
