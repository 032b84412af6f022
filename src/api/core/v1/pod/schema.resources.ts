import { list, map, quantity, shape, string, type ValueOfShape } from '../../../machinery/schema.ts'

export const resourceClaim = shape('io.k8s.api.core.v1.ResourceClaim', 'core.ResourceClaim', {
  name: string(1).required().doc('core.ResourceClaim.name'),
  request: string(2).doc('core.ResourceClaim.request'),
})
export type ResourceClaim = ValueOfShape<typeof resourceClaim>

export const resourceRequirements = shape(
  'io.k8s.api.core.v1.ResourceRequirements',
  'core.ResourceRequirements',
  {
    limits: map(1, quantity()).doc('core.ResourceRequirements.limits'),
    requests: map(2, quantity()).doc('core.ResourceRequirements.requests'),
    claims: list(3, resourceClaim).listMap('name').doc('core.ResourceRequirements.claims'),
  },
)
export type ResourceRequirements = ValueOfShape<typeof resourceRequirements>

export const podResourceClaim = shape(
  'io.k8s.api.core.v1.PodResourceClaim',
  'core.PodResourceClaim',
  {
    name: string(1).required().doc('core.PodResourceClaim.name'),
    resourceClaimName: string(3).optional().doc('core.PodResourceClaim.resourceClaimName'),
    resourceClaimTemplateName: string(4)
      .optional()
      .doc('core.PodResourceClaim.resourceClaimTemplateName'),
  },
)
export type PodResourceClaim = ValueOfShape<typeof podResourceClaim>

export const podSchedulingGroup = shape(
  'io.k8s.api.core.v1.PodSchedulingGroup',
  'core.PodSchedulingGroup',
  {
    podGroupName: string(1).optional().doc('core.PodSchedulingGroup.podGroupName'),
  },
)
export type PodSchedulingGroup = ValueOfShape<typeof podSchedulingGroup>
