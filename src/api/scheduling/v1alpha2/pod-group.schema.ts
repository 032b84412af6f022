import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition } from '../../machinery/metadata.ts'
import { int32, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'

const of = (name: string) => `io.k8s.api.scheduling.v1alpha2.${name}`

export const basicSchedulingPolicy = shape(
  of('BasicSchedulingPolicy'),
  'Pods are scheduled one by one.',
  {},
)
export type BasicSchedulingPolicy = ValueOfShape<typeof basicSchedulingPolicy>

export const gangSchedulingPolicy = shape(
  of('GangSchedulingPolicy'),
  'Pods are scheduled together or not at all.',
  {
    minCount: int32(1).required().doc('So many pods must find a place before any is bound.'),
  },
)
export type GangSchedulingPolicy = ValueOfShape<typeof gangSchedulingPolicy>

export const podGroupSchedulingPolicy = shape(
  of('PodGroupSchedulingPolicy'),
  'How the pods of a group are scheduled; exactly one way is set.',
  {
    basic: struct(1, basicSchedulingPolicy).optional().doc('One by one.'),
    gang: struct(2, gangSchedulingPolicy).optional().doc('Together or not at all.'),
  },
  { union: { members: ['basic', 'gang'] } },
)
export type PodGroupSchedulingPolicy = ValueOfShape<typeof podGroupSchedulingPolicy>

export const topologyConstraint = shape(
  of('TopologyConstraint'),
  'Keeps all pods of a group in one domain.',
  {
    key: string(1)
      .required()
      .doc('The label of nodes whose value is the domain, such as topology.kubernetes.io/rack.'),
  },
)
export type TopologyConstraint = ValueOfShape<typeof topologyConstraint>

export const podGroupSchedulingConstraints = shape(
  of('PodGroupSchedulingConstraints'),
  'Where the pods of a group may run.',
  {
    topology: list(1, topologyConstraint)
      .atomic()
      .doc('The domain that holds all of them; at most one.'),
  },
)
export type PodGroupSchedulingConstraints = ValueOfShape<typeof podGroupSchedulingConstraints>

export const podGroupResourceClaim = shape(
  of('PodGroupResourceClaim'),
  'A claim that the pods of a group share.',
  {
    name: string(1).required().doc('Name of the claim inside the group.'),
    resourceClaimName: string(2).optional().doc('A claim that exists; or else a template.'),
    resourceClaimTemplateName: string(3)
      .optional()
      .doc('A template from which a claim is made for the group.'),
  },
)
export type PodGroupResourceClaim = ValueOfShape<typeof podGroupResourceClaim>

/** What a group and the template of one say alike. */
export const groupFields = {
  schedulingPolicy: struct(2, podGroupSchedulingPolicy)
    .required()
    .doc('How its pods are scheduled.'),
  schedulingConstraints: struct(3, podGroupSchedulingConstraints)
    .optional()
    .doc('Where its pods may run; everywhere if absent.'),
  resourceClaims: list(4, podGroupResourceClaim)
    .listMap('name')
    .mergeKey('name')
    .patchStrategy('merge', 'retainKeys')
    .doc('Claims that its pods share; at most four.'),
  disruptionMode: string(5)
    .enum('Pod', 'PodGroup')
    .optional()
    .doc('Whether single pods may be disrupted or only the whole group; Pod if absent.'),
  priorityClassName: string(6).doc('How important it is, as the name of a PriorityClass.'),
  priority: int32(7).optional().doc('How important it is, as a number.'),
}

export const workloadPodGroupTemplateReference = shape(
  of('WorkloadPodGroupTemplateReference'),
  'Names a template in a workload.',
  {
    workloadName: string(1).required().doc('Name of the workload.'),
    podGroupTemplateName: string(2).required().doc('Name of the template in it.'),
  },
)
export type WorkloadPodGroupTemplateReference = ValueOfShape<
  typeof workloadPodGroupTemplateReference
>

export const podGroupTemplateReference = shape(
  of('PodGroupTemplateReference'),
  'Names the template that a group was made from.',
  {
    workload: struct(1, workloadPodGroupTemplateReference)
      .optional()
      .doc('A template in a workload; the one kind of place there is.'),
  },
  { union: { members: ['workload'] } },
)
export type PodGroupTemplateReference = ValueOfShape<typeof podGroupTemplateReference>

export const podGroupSpec = shape(of('PodGroupSpec'), 'How a group of pods is scheduled.', {
  podGroupTemplateRef: struct(1, podGroupTemplateReference)
    .optional()
    .doc('The template that it was made from.'),
  ...groupFields,
  disruptionMode: groupFields.disruptionMode.default('Pod'),
})
export type PodGroupSpec = ValueOfShape<typeof podGroupSpec>

export const podGroupResourceClaimStatus = shape(
  of('PodGroupResourceClaimStatus'),
  'The claim that was made from a template.',
  {
    name: string(1).required().doc('Name of the claim inside the group.'),
    resourceClaimName: string(2).optional().doc('The claim; absent where none was needed.'),
  },
)
export type PodGroupResourceClaimStatus = ValueOfShape<typeof podGroupResourceClaimStatus>

export const podGroupStatus = shape(of('PodGroupStatus'), 'What became of a group of pods.', {
  conditions: list(1, condition)
    .listMap('type')
    .mergeKey('type')
    .doc('Aspects of its state, such as PodGroupScheduled.'),
  resourceClaimStatuses: list(2, podGroupResourceClaimStatus)
    .listMap('name')
    .mergeKey('name')
    .patchStrategy('merge', 'retainKeys')
    .doc('The claims that were made from templates.'),
})
export type PodGroupStatus = ValueOfShape<typeof podGroupStatus>

export const podGroupShape = objectShape(of('PodGroup'), 'Pods that are scheduled as one.', {
  spec: struct(2, podGroupSpec).required().doc('How they are scheduled.'),
  status: struct(3, podGroupStatus).always().doc('What became of them.'),
})
export type PodGroup = ObjectOfShape<typeof podGroupShape>
