/** Where owners may be told otherwise, each with its reason. A story ends there, for its objects are not the same any more. */
import { type Accepted, besides } from './accepted.ts'
import { besidesSpoiled } from './spoiled-accepted.ts'

const accepted: readonly Accepted[] = [
  {
    line: /belongings\/?\S* \.(message|details\.causes\S*): upstream .*Duplicate value/,
    why: 'upstream tells of repeated items in the order in which Go walks maps, another one each time',
  },
  {
    line: /belongings\/?\S* \.details\.causes\[\d\]\.field: upstream "spec\./,
    why: 'the same, by the fields of what is repeated',
  },
  {
    line: /belongings\/?\S* \.(message|details\.causes\S*): upstream .*must be of type .*null/,
    why: 'the same, of nulls that may not be',
  },
  {
    line: /belongings\/?\S* \.spec\.nullableObject: upstream null, Proa \{\}$/,
    why: 'what an applier no longer says of an object is null upstream where it is to be empty; Proa leaves it empty',
  },
  {
    line: /\.message: upstream "failed to create typed patch object .*errors:/,
    why: 'upstream tells of several mistakes in the order in which Go walks maps, another one each time',
  },
  {
    line: /horizontalpodautoscalers\S* header warning: upstream 299 - "unknown field/,
    why: 'each server is sent what it showed, in an order of its own, and tells unknown fields in that order',
  },
]

/**
 * What an applier no longer says of an object or a list is null upstream, where it is to be empty from then on; of custom resources that is
 * refused. Proa leaves it empty.
 */
const EMPTIED = /\.message: upstream ".*must be of type (object|array): \\"null\\"", Proa nothing$/

export const ownersAccepted = (title: string, lines: readonly string[]): string[] =>
  lines.some(line => EMPTIED.test(line)) ? [] : besides(accepted, besidesSpoiled(title, lines))
