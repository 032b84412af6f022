import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { list, shape, string, struct, time, type ValueOfShape } from '../../machinery/schema.ts'

export const namespaceSpec = shape('io.k8s.api.core.v1.NamespaceSpec', 'core.NamespaceSpec', {
  finalizers: list(1, string()).atomic().doc('core.NamespaceSpec.finalizers'),
})
export type NamespaceSpec = ValueOfShape<typeof namespaceSpec>

export const namespaceCondition = shape(
  'io.k8s.api.core.v1.NamespaceCondition',
  'core.NamespaceCondition',
  {
    type: string(1).required().doc('core.NamespaceCondition.type'),
    status: string(2).required().doc('core.NamespaceCondition.status'),
    lastTransitionTime: time(4).doc('core.NamespaceCondition.lastTransitionTime'),
    reason: string(5).doc('core.NamespaceCondition.reason'),
    message: string(6).doc('core.NamespaceCondition.message'),
  },
)
export type NamespaceCondition = ValueOfShape<typeof namespaceCondition>

export const namespaceStatus = shape('io.k8s.api.core.v1.NamespaceStatus', 'core.NamespaceStatus', {
  phase: string(1).enum('Active', 'Terminating').doc('core.NamespaceStatus.phase'),
  conditions: list(2, namespaceCondition)
    .listMap('type')
    .mergeKey('type')
    .doc('core.NamespaceStatus.conditions'),
})
export type NamespaceStatus = ValueOfShape<typeof namespaceStatus>

export const namespaceShape = objectShape('io.k8s.api.core.v1.Namespace', 'core.Namespace', {
  spec: struct(2, namespaceSpec).always().doc('core.Namespace.spec'),
  status: struct(3, namespaceStatus).always().doc('core.Namespace.status'),
})
export type Namespace = ObjectOfShape<typeof namespaceShape>

export const namespace = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  scope: 'Cluster',
  shape: namespaceShape,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  nameRule: 'dns1123Label',
  subresources: {
    status: true,
    special: [{ name: 'finalize', group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] }],
  },
})
