import { defineKind } from '../../machinery/kind.ts'
import { type ReplicaSet, replicaSetShape } from './replica-set.schema.ts'
import { labelMatcherText } from './selector-text.ts'

export type * from './replica-set.schema.ts'

export const replicaSet = defineKind<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  scope: 'Namespaced',
  shape: replicaSetShape,
  hasGeneration: true,
  subresources: {
    status: true,
    scale: {
      specReplicas: object => object.spec.replicas ?? 0,
      statusReplicas: object => object.status.replicas ?? 0,
      selector: object => labelMatcherText(object.spec.selector),
      withReplicas: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
    },
  },
})
