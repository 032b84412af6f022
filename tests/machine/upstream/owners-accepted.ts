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
    line: /\.message: upstream "failed to create typed patch object .*errors:/,
    why: 'upstream tells of several mistakes in the order in which Go walks maps, another one each time',
  },
  {
    line: /belongings\S* writes something: upstream true/,
    why: 'upstream stores what is empty and null in an applied custom object as it came, and so writes once more when it is read and sent back; Proa writes nothing where nothing changes',
  },
  {
    line: /configmaps\S* writes something: upstream true, before .*"f:binaryData"/,
    why: 'upstream stores bytes that were null without a value, and empty ones once they were read and sent back, and so writes once more',
  },
  {
    line: /horizontalpodautoscalers\S* header warning: upstream 299 - "unknown field/,
    why: 'each server is sent what it showed, in an order of its own, and tells unknown fields in that order',
  },
]

export const ownersAccepted = (title: string, lines: readonly string[]): string[] =>
  besides(accepted, besidesSpoiled(title, lines))
