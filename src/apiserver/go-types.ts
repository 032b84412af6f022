/** What upstream calls its types in messages. */
import { notAcceptable } from './media-type.ts'

interface Grouped {
  readonly group: string
  readonly kind: string
  readonly custom?: object | undefined
}

/** Of the kind itself, or of its lists, by the name. */
export function goTypeOf({ group, kind, custom }: Grouped, name: string): string {
  if (custom) return `*unstructured.Unstructured${name === kind ? '' : 'List'}`
  return `*${GO_PACKAGES[group] ?? group.split('.')[0]}.${name}`
}

/** Where the types of a group are that are not in a package of its name; there is one kind of events for both groups. */
const GO_PACKAGES: Readonly<Record<string, string>> = {
  '': 'core',
  'events.k8s.io': 'core',
  'internal.apiserver.k8s.io': 'apiserverinternal',
}

/** For who wants the metadata of many of what is one. */
export const noList = (kind: Grouped) =>
  notAcceptable(
    `you requested PartialObjectMetadataList, but the requested object is not a list (${goTypeOf(kind, kind.kind)})`,
  )
