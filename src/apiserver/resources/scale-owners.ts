/**
 * Who owns the wished size of an object. Whoever writes through the scale subresource owns fields of a Scale, which is no version of the object: upstream turns
 * the owners of its size into owners of the size alone, has the write tracked among those, and turns them back. An owner that only ever updated is told apart
 * by the version in which it wrote, so it is not found again among those of the object: it loses the size there and gets it anew, without a time.
 */
import { scale } from '#api/autoscaling/v1/scale.ts'
import { FieldSet } from '#api/machinery/apply/field-set.ts'
import { entriesOf, idOf, lastOfEach, type Owner, ownersOf } from '#api/machinery/apply/managers.ts'
import { type AnyKind, apiVersionOf, type ScaleMapping } from '#api/machinery/kind.ts'
import type { ManagedFieldsEntry } from '#api/machinery/metadata.ts'

type Entries = readonly ManagedFieldsEntry[]
/** The kind of an object by its version; undefined for what is no version of it. */
type KindOf = (apiVersion: string) => AnyKind | undefined

const IN_SCALE = apiVersionOf(scale)
const SIZE_IN_SCALE = setOf('.spec.replicas')

function setOf(path: string): FieldSet {
  const names = path.replace(/^\./, '').split('.')
  return FieldSet.fromJson(names.reduceRight((below, name) => ({ [`f:${name}`]: below }), {}))
}

/** Undefined for a kind that has no size. */
function sizeIn(kind: AnyKind): FieldSet | undefined {
  const mapping = kind.subresources.scale as ScaleMapping<never> | undefined
  return mapping && setOf(mapping.path ?? '.spec.replicas')
}

function byId(entries: Entries = []): Map<string, Owner> {
  return new Map(ownersOf(lastOfEach(entries)).map(owner => [idOf(owner), owner]))
}

/** The owners of an object's size as those of its Scale. */
export function ownersOfSize(entries: Entries | undefined, kindOf: KindOf): ManagedFieldsEntry[] {
  const owners = [...byId(entries).values()].flatMap(owner => {
    const kind = kindOf(owner.apiVersion)
    const size = kind && sizeIn(kind)
    if (!size || !owner.fields.contains(size)) return []
    return [{ ...owner, apiVersion: IN_SCALE, fields: SIZE_IN_SCALE, entry: undefined }]
  })
  return entriesOf(owners)
}

/** The owners of an object of the kind, once its Scale has these. */
export function ownersAfterScale(
  entries: Entries | undefined,
  ofSize: Entries | undefined,
  { kind, kindOf }: { readonly kind: AnyKind; readonly kindOf: KindOf },
): ManagedFieldsEntry[] {
  const sizers = byId(ofSize)
  const left = [...byId(entries)].flatMap(([id, owner]) => {
    const its = kindOf(owner.apiVersion)
    if (!its) return []
    const size = sizeIn(its)
    if (!size || !owner.fields.contains(size) || sizers.delete(id)) return [owner]
    return [{ ...owner, fields: owner.fields.difference(size), entry: undefined }]
  })
  const fields = sizeIn(kind) ?? SIZE_IN_SCALE
  const added = [...sizers.values()]
    .filter(owner => owner.fields.contains(SIZE_IN_SCALE))
    .map(owner => ({
      ...owner,
      apiVersion: apiVersionOf(kind),
      time: undefined,
      fields,
      entry: undefined,
    }))
  return entriesOf([...left, ...added])
}
