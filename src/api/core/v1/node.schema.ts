import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { nodeStatus } from './node.schema.status.ts'

export const taint = shape('io.k8s.api.core.v1.Taint', 'core.Taint', {
  key: string(1).required().doc('core.Taint.key'),
  value: string(2).doc('core.Taint.value'),
  effect: string(3)
    .enum('NoSchedule', 'PreferNoSchedule', 'NoExecute')
    .required()
    .doc('core.Taint.effect'),
  timeAdded: time(4).optional().doc('core.Taint.timeAdded'),
})
export type Taint = ValueOfShape<typeof taint>

export const configMapNodeConfigSource = shape(
  'io.k8s.api.core.v1.ConfigMapNodeConfigSource',
  'core.ConfigMapNodeConfigSource',
  {
    namespace: string(1).required().doc('core.ConfigMapNodeConfigSource.namespace'),
    name: string(2).required().doc('core.ConfigMapNodeConfigSource.name'),
    uid: string(3).doc('core.ConfigMapNodeConfigSource.uid'),
    resourceVersion: string(4).doc('core.ConfigMapNodeConfigSource.resourceVersion'),
    kubeletConfigKey: string(5).required().doc('core.ConfigMapNodeConfigSource.kubeletConfigKey'),
  },
)
export type ConfigMapNodeConfigSource = ValueOfShape<typeof configMapNodeConfigSource>

export const nodeConfigSource = shape(
  'io.k8s.api.core.v1.NodeConfigSource',
  'core.NodeConfigSource',
  {
    configMap: struct(2, configMapNodeConfigSource)
      .optional()
      .doc('core.NodeConfigSource.configMap'),
  },
)
export type NodeConfigSource = ValueOfShape<typeof nodeConfigSource>

export const nodeSpec = shape('io.k8s.api.core.v1.NodeSpec', 'core.NodeSpec', {
  podCIDR: string(1).doc('core.NodeSpec.podCIDR'),
  podCIDRs: list(7, string()).listSet().mergeKey().doc('core.NodeSpec.podCIDRs'),
  providerID: string(3).doc('core.NodeSpec.providerID'),
  unschedulable: boolean(4).doc('core.NodeSpec.unschedulable'),
  taints: list(5, taint).atomic().doc('core.NodeSpec.taints'),
  configSource: struct(6, nodeConfigSource)
    .optional()
    .deprecated()
    .doc('core.NodeSpec.configSource'),
  externalID: string(2).deprecated().doc('core.NodeSpec.externalID'),
})
export type NodeSpec = ValueOfShape<typeof nodeSpec>

export const nodeShape = objectShape('io.k8s.api.core.v1.Node', 'core.Node', {
  spec: struct(2, nodeSpec).always().doc('core.Node.spec'),
  status: struct(3, nodeStatus).always().doc('core.Node.status'),
})
export type Node = ObjectOfShape<typeof nodeShape>
