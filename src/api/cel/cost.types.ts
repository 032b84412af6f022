/** Types of expressions with the sizes that their values may have, and what is known of a part of an expression. */
import type { Range } from './cost.ranges.ts'

export type Kind =
  | 'list'
  | 'map'
  | 'object'
  | 'string'
  | 'bytes'
  | 'int'
  | 'double'
  | 'bool'
  | 'timestamp'
  | 'duration'
  | 'optional'
  | 'opaque'
  | 'null'
  | 'dyn'

export interface SizedType {
  readonly kind: Kind
  /** Of the items, entries or letters; 0 for what has none, as upstream counts it. */
  readonly maximum: number
  /** Of lists, maps (their values) and optional values. */
  readonly items?: SizedType | undefined
  readonly keys?: SizedType
  readonly fields?: Readonly<Record<string, SizedType>>
  /** What a field is that is not among them. */
  readonly others?: SizedType
}

export const plain = (kind: Kind, items?: SizedType): SizedType => ({ kind, maximum: 0, items })
export const DYN = plain('dyn')
export const STRING = plain('string')
export const INT = plain('int')
export const BOOL = plain('bool')

export interface Entries {
  readonly kind: 'list' | 'map'
  readonly key: Range
  readonly value: Range
}

export interface Estimate {
  readonly cost: Range
  readonly type: SizedType
  /** Where in the schema the value comes from; null for a place that the schema does not know, undefined for a value that was made. */
  readonly place?: SizedType | null | undefined
  readonly size?: Range | undefined
  /** What the size is where nothing else tells it. */
  readonly bound?: Range | undefined
  readonly entries?: Entries | undefined
}

const SCALARS: readonly Kind[] = ['bool', 'double', 'duration', 'int', 'timestamp']
const isScalar = ({ kind, items }: SizedType): boolean =>
  kind === 'optional' ? items !== undefined && isScalar(items) : SCALARS.includes(kind)

export function sizeOf({ size, place, type, bound }: Estimate): Range | undefined {
  if (size) return size
  if (place) return { min: 0, max: place.maximum }
  return isScalar(type) ? { min: 1, max: 1 } : bound
}

/** One step down; '@items', '@keys' and '@values' are those of lists and maps. */
export function within(place: SizedType | null, step: string): SizedType | null {
  if (place === null) return null
  if (step === '@items' || step === '@values') return place.items ?? null
  if (step === '@keys') return place.keys ?? null
  const { fields, others = null } = place
  return fields && Object.hasOwn(fields, step) ? (fields[step] ?? null) : others
}
