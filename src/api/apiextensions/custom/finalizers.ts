/** Finalizers should say whose they are. */
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { isQualifiedName } from '../../machinery/names.ts'

const STANDARD = ['orphan', 'foregroundDeletion', 'kubernetes']

/** Told on create and update, for finalizers that were not there before. */
export function finalizerWarnings(
  object: KubernetesObject,
  previous: KubernetesObject | undefined,
): string[] {
  const before = previous?.metadata.finalizers ?? []
  const added = new Set(object.metadata.finalizers?.filter(each => !before.includes(each)))
  return [...added].sort().flatMap(finalizer => {
    const start = `metadata.finalizers: ${JSON.stringify(finalizer)}: `
    const wrong = isQualifiedName(finalizer).map(why => start + why)
    if (finalizer.includes('/') || STANDARD.includes(finalizer)) return wrong
    const path = finalizer.includes('.') ? ' including a path (/)' : ''
    return [
      ...wrong,
      `${start}prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
    ]
  })
}
