import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { typeMeta } from '../../machinery/metadata.ts'
import {
  boolean,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const preconditions = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions',
  'meta.Preconditions',
  {
    uid: string(1).optional().doc('meta.Preconditions.uid'),
    resourceVersion: string(2).optional().doc('meta.Preconditions.resourceVersion'),
  },
)

/** What a DELETE may carry; upstream publishes it with the meta types. */
export const deleteOptions = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'meta.DeleteOptions',
  {
    ...typeMeta,
    gracePeriodSeconds: int64(1).optional().doc('meta.DeleteOptions.gracePeriodSeconds'),
    preconditions: struct(2, preconditions).optional().doc('meta.DeleteOptions.preconditions'),
    orphanDependents: boolean(3).optional().deprecated().doc('meta.DeleteOptions.orphanDependents'),
    propagationPolicy: string(4).optional().doc('meta.DeleteOptions.propagationPolicy'),
    dryRun: list(5, string()).atomic().doc('meta.DeleteOptions.dryRun'),
    ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6)
      .optional()
      .doc('meta.DeleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential'),
  },
)
export type DeleteOptions = ValueOfShape<typeof deleteOptions>

export const evictionShape = objectShape('io.k8s.api.policy.v1.Eviction', 'policy.Eviction', {
  deleteOptions: struct(2, deleteOptions).optional().doc('policy.Eviction.deleteOptions'),
})
export type Eviction = ObjectOfShape<typeof evictionShape>

export const eviction = defineKind<Eviction>({
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  plural: 'evictions',
  scope: 'Namespaced',
  shape: evictionShape,
  ephemeral: true,
  verbs: [],
})
