/** The conditions of definitions. */
import type { KubernetesObject } from '../../machinery/metadata.ts'
import type {
  CustomResourceCondition,
  CustomResourceDefinition,
} from './custom-resource-definition.schema.ts'

/** Keeps a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

type ConditionType =
  | 'Established'
  | 'NamesAccepted'
  | 'Terminating'
  | 'NonStructuralSchema'
  | 'KubernetesAPIApprovalPolicyConformant'

export function conditionOf({ status }: CustomResourceDefinition, type: ConditionType) {
  return status.conditions.find(condition => condition.type === type)
}

export const isConditionTrue = (definition: CustomResourceDefinition, type: ConditionType) =>
  conditionOf(definition, type)?.status === 'True'

/** A condition without the time, which follows from what was there before. */
export type ConditionSource = Omit<CustomResourceCondition, 'lastTransitionTime' | 'type'> & {
  type: ConditionType
}

/** The conditions with this one told anew; its time moves only where its status does. */
export function withCondition(
  conditions: readonly CustomResourceCondition[],
  next: ConditionSource,
  now: string,
): CustomResourceCondition[] {
  const before = conditions.find(({ type }) => type === next.type)
  const lastTransitionTime = (before?.status === next.status && before.lastTransitionTime) || now
  const told = { ...next, lastTransitionTime }
  return before
    ? conditions.map(condition => (condition === before ? told : condition))
    : [...conditions, told]
}

/** Says in a draft that begins to be deleted what comes next. */
export function markTerminating(draft: KubernetesObject): void {
  const { metadata, status } = draft as CustomResourceDefinition
  const message =
    'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon'
  status.conditions = withCondition(
    status.conditions,
    { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message },
    metadata.deletionTimestamp ?? '',
  )
}

/** Objects may still lie in the store in every version that was the storage version once. */
export function rememberStorageVersion(draft: KubernetesObject): void {
  const { spec, status } = draft as CustomResourceDefinition
  const storage = spec.versions.find(version => version.storage)
  if (!storage || status.storedVersions.includes(storage.name)) return
  const storedVersions = [...status.storedVersions, storage.name]
  Object.assign(draft, { status: { ...status, storedVersions } })
}
