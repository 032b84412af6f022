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
  'core.NodeSelectorRequirement',
  {
    key: string(1).required().doc('core.NodeSelectorRequirement.key'),
    operator: string(2)
      .enum('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt')
      .required()
      .doc('core.NodeSelectorRequirement.operator'),
    values: list(3, string()).atomic().doc('core.NodeSelectorRequirement.values'),
  },
)
export type NodeSelectorRequirement = ValueOfShape<typeof nodeSelectorRequirement>

export const nodeSelectorTerm = shape(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  'core.NodeSelectorTerm',
  {
    matchExpressions: list(1, nodeSelectorRequirement)
      .atomic()
      .doc('core.NodeSelectorTerm.matchExpressions'),
    matchFields: list(2, nodeSelectorRequirement).atomic().doc('core.NodeSelectorTerm.matchFields'),
  },
)
export type NodeSelectorTerm = ValueOfShape<typeof nodeSelectorTerm>

export const nodeSelector = shape('io.k8s.api.core.v1.NodeSelector', 'core.NodeSelector', {
  nodeSelectorTerms: list(1, nodeSelectorTerm)
    .required()
    .atomic()
    .doc('core.NodeSelector.nodeSelectorTerms'),
})
export type NodeSelector = ValueOfShape<typeof nodeSelector>

export const preferredSchedulingTerm = shape(
  'io.k8s.api.core.v1.PreferredSchedulingTerm',
  'core.PreferredSchedulingTerm',
  {
    weight: int32(1).required().doc('core.PreferredSchedulingTerm.weight'),
    preference: struct(2, nodeSelectorTerm)
      .required()
      .atomic()
      .doc('core.PreferredSchedulingTerm.preference'),
  },
)
export type PreferredSchedulingTerm = ValueOfShape<typeof preferredSchedulingTerm>

export const nodeAffinity = shape('io.k8s.api.core.v1.NodeAffinity', 'core.NodeAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: struct(1, nodeSelector)
    .optional()
    .atomic()
    .doc('core.NodeAffinity.requiredDuringSchedulingIgnoredDuringExecution'),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, preferredSchedulingTerm)
    .atomic()
    .doc('core.NodeAffinity.preferredDuringSchedulingIgnoredDuringExecution'),
})
export type NodeAffinity = ValueOfShape<typeof nodeAffinity>

export const podAffinityTerm = shape('io.k8s.api.core.v1.PodAffinityTerm', 'core.PodAffinityTerm', {
  labelSelector: struct(1, labelSelector)
    .optional()
    .atomic()
    .doc('core.PodAffinityTerm.labelSelector'),
  namespaces: list(2, string()).atomic().doc('core.PodAffinityTerm.namespaces'),
  topologyKey: string(3).required().doc('core.PodAffinityTerm.topologyKey'),
  namespaceSelector: struct(4, labelSelector)
    .optional()
    .atomic()
    .doc('core.PodAffinityTerm.namespaceSelector'),
  matchLabelKeys: list(5, string()).atomic().doc('core.PodAffinityTerm.matchLabelKeys'),
  mismatchLabelKeys: list(6, string()).atomic().doc('core.PodAffinityTerm.mismatchLabelKeys'),
})
export type PodAffinityTerm = ValueOfShape<typeof podAffinityTerm>

export const weightedPodAffinityTerm = shape(
  'io.k8s.api.core.v1.WeightedPodAffinityTerm',
  'core.WeightedPodAffinityTerm',
  {
    weight: int32(1).required().doc('core.WeightedPodAffinityTerm.weight'),
    podAffinityTerm: struct(2, podAffinityTerm)
      .required()
      .doc('core.WeightedPodAffinityTerm.podAffinityTerm'),
  },
)
export type WeightedPodAffinityTerm = ValueOfShape<typeof weightedPodAffinityTerm>

export const podAffinity = shape('io.k8s.api.core.v1.PodAffinity', 'core.PodAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, podAffinityTerm)
    .atomic()
    .doc('core.PodAffinity.requiredDuringSchedulingIgnoredDuringExecution'),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, weightedPodAffinityTerm)
    .atomic()
    .doc('core.PodAffinity.preferredDuringSchedulingIgnoredDuringExecution'),
})
export type PodAffinity = ValueOfShape<typeof podAffinity>

export const podAntiAffinity = shape('io.k8s.api.core.v1.PodAntiAffinity', 'core.PodAntiAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, podAffinityTerm)
    .atomic()
    .doc('core.PodAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution'),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, weightedPodAffinityTerm)
    .atomic()
    .doc('core.PodAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution'),
})
export type PodAntiAffinity = ValueOfShape<typeof podAntiAffinity>

export const affinity = shape('io.k8s.api.core.v1.Affinity', 'core.Affinity', {
  nodeAffinity: struct(1, nodeAffinity).optional().doc('core.Affinity.nodeAffinity'),
  podAffinity: struct(2, podAffinity).optional().doc('core.Affinity.podAffinity'),
  podAntiAffinity: struct(3, podAntiAffinity).optional().doc('core.Affinity.podAntiAffinity'),
})
export type Affinity = ValueOfShape<typeof affinity>

export const toleration = shape('io.k8s.api.core.v1.Toleration', 'core.Toleration', {
  key: string(1).doc('core.Toleration.key'),
  operator: string(2).enum('Exists', 'Equal', 'Lt', 'Gt').doc('core.Toleration.operator'),
  value: string(3).doc('core.Toleration.value'),
  effect: string(4)
    .enum('NoSchedule', 'PreferNoSchedule', 'NoExecute')
    .doc('core.Toleration.effect'),
  tolerationSeconds: int64(5).optional().doc('core.Toleration.tolerationSeconds'),
})
export type Toleration = ValueOfShape<typeof toleration>

export const topologySpreadConstraint = shape(
  'io.k8s.api.core.v1.TopologySpreadConstraint',
  'core.TopologySpreadConstraint',
  {
    maxSkew: int32(1).required().doc('core.TopologySpreadConstraint.maxSkew'),
    topologyKey: string(2).required().doc('core.TopologySpreadConstraint.topologyKey'),
    whenUnsatisfiable: string(3)
      .enum('DoNotSchedule', 'ScheduleAnyway')
      .required()
      .doc('core.TopologySpreadConstraint.whenUnsatisfiable'),
    labelSelector: struct(4, labelSelector)
      .optional()
      .atomic()
      .doc('core.TopologySpreadConstraint.labelSelector'),
    minDomains: int32(5).optional().doc('core.TopologySpreadConstraint.minDomains'),
    nodeAffinityPolicy: string(6)
      .enum('Ignore', 'Honor')
      .optional()
      .doc('core.TopologySpreadConstraint.nodeAffinityPolicy'),
    nodeTaintsPolicy: string(7)
      .enum('Ignore', 'Honor')
      .optional()
      .doc('core.TopologySpreadConstraint.nodeTaintsPolicy'),
    matchLabelKeys: list(8, string()).atomic().doc('core.TopologySpreadConstraint.matchLabelKeys'),
  },
)
export type TopologySpreadConstraint = ValueOfShape<typeof topologySpreadConstraint>
