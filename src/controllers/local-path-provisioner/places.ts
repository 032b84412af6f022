/** The place of a volume or node: the value of the label by which volumes are tied to nodes. */
import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'

const HOSTNAME = 'kubernetes.io/hostname'

export function placeOfNode({ metadata }: Node): string {
  return metadata.labels?.[HOSTNAME] ?? metadata.name ?? ''
}

export function placeOfVolume({ spec }: PersistentVolume): string {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const conditions = terms.flatMap(({ matchExpressions = [] }) => matchExpressions)
  return conditions.find(({ key }) => key === HOSTNAME)?.values?.[0] ?? ''
}

/** A node that takes pods, and where the class allows its volumes. */
export function hasPlace(
  { metadata, spec, status }: Node,
  topologies: NonNullable<StorageClass['allowedTopologies']>,
): boolean {
  if (spec.unschedulable || metadata.deletionTimestamp) return false
  const isReady = status.conditions?.some(each => each.type === 'Ready' && each.status === 'True')
  const labels = metadata.labels ?? {}
  const isAllowed = topologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
  )
  return isReady === true && (topologies.length === 0 || isAllowed)
}
