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
  'What must be so for a delete to happen.',
  {
    uid: string(1).optional().doc('The UID that the object must have.'),
    resourceVersion: string(2).optional().doc('The revision that the object must have.'),
  },
)

/** What a DELETE may carry; upstream publishes it with the meta types. */
export const deleteOptions = shape(
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'How an object is deleted.',
  {
    ...typeMeta,
    gracePeriodSeconds: int64(1)
      .optional()
      .doc("Time for an orderly end; 0 is at once, the kind's own if absent."),
    preconditions: struct(2, preconditions)
      .optional()
      .doc('What must be so, or else the delete is a conflict.'),
    orphanDependents: boolean(3).optional().deprecated().doc('Old form of propagationPolicy.'),
    propagationPolicy: string(4)
      .optional()
      .doc('What becomes of dependents: Orphan, Background or Foreground.'),
    dryRun: list(5, string()).atomic().doc('All checks everything and changes nothing.'),
    ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6)
      .optional()
      .doc('Deletes an object that can no longer be read; for repair only.'),
  },
)
export type DeleteOptions = ValueOfShape<typeof deleteOptions>

export const evictionShape = objectShape(
  'io.k8s.api.policy.v1.Eviction',
  'Asks that a pod be ended, unless a disruption budget forbids it now.',
  {
    deleteOptions: struct(2, deleteOptions).optional().doc('How it is deleted.'),
  },
)
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
