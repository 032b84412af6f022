/** Changes to an object that others change, too: whose change is whose, and how one is put onto the other. */
import type { AnyObject } from './health.ts'
import { applyMergePatch, mergePatchBetween, sameJson } from './merge-patch.ts'

/**
 * What the server and controllers change by themselves, and who edits does not mean. A status is that only where it is written by itself: where
 * it is a field like any other (`hasStatus` is false), who saves saves it as well.
 */
function meant(object: AnyObject, hasStatus: boolean): unknown {
  const { status, ...rest } = object
  const { resourceVersion: __, managedFields: ___, generation: ____, ...metadata } = object.metadata
  return { ...rest, metadata, ...(hasStatus || status === undefined ? {} : { status }) }
}

/** Whether somebody changed what people change since `base` was read. */
export const changedByOthers = (base: AnyObject, latest: AnyObject, hasStatus = true): boolean =>
  !sameJson(meant(base, hasStatus), meant(latest, hasStatus))

/** Without what is long and of no use to read. */
export function withoutManagedFields(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** What was edited of `base`, put onto `latest`. */
export function rebased(
  base: AnyObject,
  edited: AnyObject,
  latest: AnyObject,
  hasStatus = true,
): AnyObject {
  const patch = mergePatchBetween(meant(base, hasStatus), meant(edited, hasStatus)) ?? {}
  return applyMergePatch(latest, patch) as AnyObject
}

/** Of an edited object what is sent: of the version that is there, unless somebody wrote another on purpose. */
export function toSend(base: AnyObject, edited: AnyObject, latest: AnyObject): AnyObject {
  if (edited.metadata.resourceVersion !== base.metadata.resourceVersion) return edited
  const { resourceVersion } = latest.metadata
  return {
    ...edited,
    metadata: { ...edited.metadata, ...(resourceVersion ? { resourceVersion } : {}) },
  }
}

export interface FieldProblem {
  /** '' where it is about no field in particular. */
  readonly field: string
  readonly message: string
}

/** What a refusal says of single fields: the causes of an Invalid, and the fields that strict decoding does not know. */
export function fieldProblems(status: {
  readonly message?: string
  readonly details?: {
    readonly causes?: readonly { readonly field?: string; readonly message?: string }[]
  }
}): FieldProblem[] {
  const causes = status.details?.causes ?? []
  if (causes.length > 0) return causes.map(({ field = '', message = '' }) => ({ field, message }))
  const text = status.message ?? ''
  return [...text.matchAll(/(unknown|duplicate) field "([^"]+)"/g)].map(([, what, field = '']) => ({
    field,
    message: `${what} field`,
  }))
}
