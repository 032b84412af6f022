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
import { nodeConfigSource } from './node.schema.config-source.ts'
import { nodeStatus } from './node.schema.status.ts'

export const taint = shape(
  'io.k8s.api.core.v1.Taint',
  'A mark on a node that pods must tolerate.',
  {
    key: string(1).required().doc('Name of the taint.'),
    value: string(2).doc('Value that tolerations may ask for.'),
    effect: string(3)
      .enum('NoSchedule', 'PreferNoSchedule', 'NoExecute')
      .required()
      .doc(
        'NoSchedule and PreferNoSchedule keep new pods away, NoExecute also drives out running ones.',
      ),
    timeAdded: time(4)
      .optional()
      .doc('When the taint was set; tolerations of limited time count from here.'),
  },
)
export type Taint = ValueOfShape<typeof taint>

export const nodeSpec = shape('io.k8s.api.core.v1.NodeSpec', 'What is wanted of a node.', {
  podCIDR: string(1).doc(
    "The range from which the node's pods get addresses; the first of podCIDRs.",
  ),
  podCIDRs: list(7, string())
    .listSet()
    .mergeKey()
    .doc('The ranges for pod addresses, at most one for each address family.'),
  providerID: string(3).doc("The machine's name at its cloud provider, as provider://id."),
  unschedulable: boolean(4).doc('When true, the scheduler puts no new pods here; cordon sets it.'),
  taints: list(5, taint).atomic().doc('Marks that keep away pods without a matching toleration.'),
  configSource: struct(6, nodeConfigSource)
    .optional()
    .deprecated()
    .doc('Once named a ConfigMap for the kubelet; nothing reads it any more.'),
  externalID: string(2)
    .deprecated()
    .doc("Once the provider's name for the machine; nothing reads it any more."),
})
export type NodeSpec = ValueOfShape<typeof nodeSpec>

export const nodeShape = objectShape(
  'io.k8s.api.core.v1.Node',
  'A machine, or what acts as one, that runs pods.',
  {
    spec: struct(2, nodeSpec).always().doc('What is wanted of the node.'),
    status: struct(3, nodeStatus).always().doc('What the kubelet reports of the node.'),
  },
)
export type Node = ObjectOfShape<typeof nodeShape>
