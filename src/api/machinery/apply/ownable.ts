/** Which objects can have owners of their fields at all. */
import type { AnyKind } from '../kind.ts'
import type { KubernetesObject } from '../metadata.ts'
import { isTyped } from './undeclared.ts'
import { bare, schemaOf } from './versions.ts'

/** Objects that were of the types of their kind when they were last looked at. */
const typed = new WeakMap<KubernetesObject, AnyKind>()

/**
 * Whether anybody can own the fields of the object. Of custom resources nobody can where a part is of another type than the schema says by now, or than
 * the schema will let pass: as upstream, a write that has to do with one leaves it without owners.
 */
export function isOwnable(kind: AnyKind, object: KubernetesObject): boolean {
  if (!kind.custom || typed.get(object) === kind) return true
  const isSo = isTyped(schemaOf(kind), bare(object))
  if (isSo) typed.set(object, kind)
  return isSo
}
