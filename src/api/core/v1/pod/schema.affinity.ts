import { labelSelector } from '../../../machinery/metadata.ts'
import {
  int32,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../../machinery/schema.ts'

export const nodeSelectorRequirement = shape(
  'io.k8s.api.core.v1.NodeSelectorRequirement',
  "One condition on a node's labels or fields.",
  {
    key: string(1).required().doc('The label or field that is looked at.'),
    operator: string(2)
      .enum('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt')
      .required()
      .doc('In, NotIn, Exists, DoesNotExist, Gt or Lt.'),
    values: list(3, string())
      .atomic()
      .doc('The values for In and NotIn; one integer for Gt and Lt.'),
  },
)
export type NodeSelectorRequirement = ValueOfShape<typeof nodeSelectorRequirement>

export const nodeSelectorTerm = shape(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  'Conditions that must all hold; an empty term selects nothing.',
  {
    matchExpressions: list(1, nodeSelectorRequirement).atomic().doc('Conditions on labels.'),
    matchFields: list(2, nodeSelectorRequirement)
      .atomic()
      .doc('Conditions on fields; only metadata.name is known.'),
  },
  { atomic: true },
)
export type NodeSelectorTerm = ValueOfShape<typeof nodeSelectorTerm>

export const nodeSelector = shape(
  'io.k8s.api.core.v1.NodeSelector',
  'Selects nodes; one of the terms must hold.',
  {
    nodeSelectorTerms: list(1, nodeSelectorTerm).required().atomic().doc('The terms.'),
  },
  { atomic: true },
)
export type NodeSelector = ValueOfShape<typeof nodeSelector>

export const preferredSchedulingTerm = shape(
  'io.k8s.api.core.v1.PreferredSchedulingTerm',
  'A wish about nodes.',
  {
    weight: int32(1).required().doc('How much it counts, 1 to 100.'),
    preference: struct(2, nodeSelectorTerm).required().doc('The nodes that are wished for.'),
  },
)
export type PreferredSchedulingTerm = ValueOfShape<typeof preferredSchedulingTerm>

export const nodeAffinity = shape('io.k8s.api.core.v1.NodeAffinity', 'Which nodes a pod wants.', {
  requiredDuringSchedulingIgnoredDuringExecution: struct(1, nodeSelector)
    .optional()
    .doc('What a node must have.'),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, preferredSchedulingTerm)
    .atomic()
    .doc('What a node had better have.'),
})
export type NodeAffinity = ValueOfShape<typeof nodeAffinity>

export const podAffinityTerm = shape(
  'io.k8s.api.core.v1.PodAffinityTerm',
  'Pods to be near to, or far from.',
  {
    labelSelector: struct(1, labelSelector).optional().doc('Labels of those pods.'),
    namespaces: list(2, string())
      .atomic()
      .doc("Namespaces of those pods; the pod's own if this and namespaceSelector are absent."),
    topologyKey: string(3)
      .required()
      .doc('The label of nodes that says what is near, such as kubernetes.io/hostname.'),
    namespaceSelector: struct(4, labelSelector)
      .optional()
      .doc('Labels of further namespaces; empty means all.'),
    matchLabelKeys: list(5, string())
      .atomic()
      .doc('Label keys whose values must be those of the new pod.'),
    mismatchLabelKeys: list(6, string())
      .atomic()
      .doc('Label keys whose values must not be those of the new pod.'),
  },
)
export type PodAffinityTerm = ValueOfShape<typeof podAffinityTerm>

export const weightedPodAffinityTerm = shape(
  'io.k8s.api.core.v1.WeightedPodAffinityTerm',
  'A wish about neighbours.',
  {
    weight: int32(1).required().doc('How much it counts, 1 to 100.'),
    podAffinityTerm: struct(2, podAffinityTerm).required().doc('The pods that it is about.'),
  },
)
export type WeightedPodAffinityTerm = ValueOfShape<typeof weightedPodAffinityTerm>

export const podAffinity = shape('io.k8s.api.core.v1.PodAffinity', 'Which pods a pod wants near.', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, podAffinityTerm)
    .atomic()
    .doc('Pods that must be near.'),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, weightedPodAffinityTerm)
    .atomic()
    .doc('Pods that had better be near.'),
})
export type PodAffinity = ValueOfShape<typeof podAffinity>

export const podAntiAffinity = shape(
  'io.k8s.api.core.v1.PodAntiAffinity',
  'Which pods a pod wants far.',
  {
    requiredDuringSchedulingIgnoredDuringExecution: list(1, podAffinityTerm)
      .atomic()
      .doc('Pods that must not be near.'),
    preferredDuringSchedulingIgnoredDuringExecution: list(2, weightedPodAffinityTerm)
      .atomic()
      .doc('Pods that had better not be near.'),
  },
)
export type PodAntiAffinity = ValueOfShape<typeof podAntiAffinity>

export const affinity = shape('io.k8s.api.core.v1.Affinity', 'Where a pod wants to run.', {
  nodeAffinity: struct(1, nodeAffinity).optional().doc('On which nodes.'),
  podAffinity: struct(2, podAffinity).optional().doc('Near which pods.'),
  podAntiAffinity: struct(3, podAntiAffinity).optional().doc('Far from which pods.'),
})
export type Affinity = ValueOfShape<typeof affinity>

export const toleration = shape(
  'io.k8s.api.core.v1.Toleration',
  'Lets a pod onto nodes with a taint.',
  {
    key: string(1).doc('The taint; any if empty and the operator is Exists.'),
    operator: string(2)
      .enum('Exists', 'Equal', 'Lt', 'Gt')
      .doc('Exists, Equal, or Lt and Gt for numbers; Equal if empty.'),
    value: string(3).doc('The value that the taint must have.'),
    effect: string(4)
      .enum('NoSchedule', 'PreferNoSchedule', 'NoExecute')
      .doc('The effect that is tolerated; any if empty.'),
    tolerationSeconds: int64(5)
      .optional()
      .doc('How long NoExecute is tolerated; for ever if absent.'),
  },
)
export type Toleration = ValueOfShape<typeof toleration>

export const topologySpreadConstraint = shape(
  'io.k8s.api.core.v1.TopologySpreadConstraint',
  'Spreads pods evenly over parts of the cluster.',
  {
    maxSkew: int32(1).required().doc('By how many pods parts may differ.'),
    topologyKey: string(2).required().doc('The label of nodes that names the parts.'),
    whenUnsatisfiable: string(3)
      .enum('DoNotSchedule', 'ScheduleAnyway')
      .required()
      .doc('DoNotSchedule, or ScheduleAnyway.'),
    labelSelector: struct(4, labelSelector).optional().doc('The pods that are counted.'),
    minDomains: int32(5)
      .optional()
      .doc('With fewer parts than this, the emptiest part counts as empty.'),
    nodeAffinityPolicy: string(6)
      .enum('Ignore', 'Honor')
      .optional()
      .doc("Whether only nodes that the pod's affinity allows count: Honor or Ignore."),
    nodeTaintsPolicy: string(7)
      .enum('Ignore', 'Honor')
      .optional()
      .doc('Whether only nodes whose taints the pod tolerates count: Honor or Ignore.'),
    matchLabelKeys: list(8, string())
      .atomic()
      .doc('Label keys whose values must be those of the new pod.'),
  },
)
export type TopologySpreadConstraint = ValueOfShape<typeof topologySpreadConstraint>
