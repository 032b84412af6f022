/**
 * What a client sent, where the draft of a write is something else: a size, or what was there with a part of what was sent. Those
 * who change drafts from outside are shown it.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'

const sent = new WeakMap<KubernetesObject, KubernetesObject>()

export function noteSent<T extends KubernetesObject>(draft: T, what: KubernetesObject): T {
  sent.set(draft, what)
  return draft
}

export const sentOf = (draft: KubernetesObject): KubernetesObject | undefined => sent.get(draft)

/** Makes the draft what was sent, with the owners that it has. */
export function showAsSent(draft: KubernetesObject, what: KubernetesObject): void {
  const { managedFields } = draft.metadata
  const own = draft as unknown as Record<string, unknown>
  for (const field of Object.keys(own)) delete own[field]
  Object.assign(own, what)
  const { managedFields: _, ...metadata } = what.metadata
  draft.metadata = { ...metadata, ...(managedFields ? { managedFields } : {}) }
}
