import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  list,
  resourceList,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

const scope = string().enum(
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
)

export const scopedResourceSelectorRequirement = shape(
  'io.k8s.api.core.v1.ScopedResourceSelectorRequirement',
  'One scope, and which of its values count.',
  {
    scopeName: string(1)
      .enum(
        'BestEffort',
        'CrossNamespacePodAffinity',
        'NotBestEffort',
        'NotTerminating',
        'PriorityClass',
        'Terminating',
        'VolumeAttributesClass',
      )
      .required()
      .doc('The scope that is looked at.'),
    operator: string(2)
      .enum('DoesNotExist', 'Exists', 'In', 'NotIn')
      .required()
      .doc('How the scope is compared with the values.'),
    values: list(3, string())
      .atomic()
      .doc('What In and NotIn compare with, such as names of priority classes.'),
  },
)
export type ScopedResourceSelectorRequirement = ValueOfShape<
  typeof scopedResourceSelectorRequirement
>

export const scopeSelector = shape(
  'io.k8s.api.core.v1.ScopeSelector',
  'Picks the objects that a quota counts.',
  {
    matchExpressions: list(1, scopedResourceSelectorRequirement)
      .atomic()
      .doc('What must hold, all of it.'),
  },
  { atomic: true },
)
export type ScopeSelector = ValueOfShape<typeof scopeSelector>

export const resourceQuotaSpec = shape(
  'io.k8s.api.core.v1.ResourceQuotaSpec',
  'How much a namespace may use.',
  {
    hard: resourceList(1).doc('The most of each resource that may be used.'),
    scopes: list(2, scope).atomic().doc('Only objects that are in all of these scopes count.'),
    scopeSelector: struct(3, scopeSelector)
      .optional()
      .doc('As scopes, but with operators and values.'),
  },
)
export type ResourceQuotaSpec = ValueOfShape<typeof resourceQuotaSpec>

export const resourceQuotaStatus = shape(
  'io.k8s.api.core.v1.ResourceQuotaStatus',
  'How much a namespace uses.',
  {
    hard: resourceList(1).doc('The limits that were in force when it was counted.'),
    used: resourceList(2).doc('How much of each resource is used.'),
  },
)
export type ResourceQuotaStatus = ValueOfShape<typeof resourceQuotaStatus>

export const resourceQuotaShape = objectShape(
  'io.k8s.api.core.v1.ResourceQuota',
  'Limits how much all objects of a namespace may use together.',
  {
    spec: struct(2, resourceQuotaSpec).always().doc('How much may be used.'),
    status: struct(3, resourceQuotaStatus).always().doc('How much is used.'),
  },
)
export type ResourceQuota = ObjectOfShape<typeof resourceQuotaShape>
