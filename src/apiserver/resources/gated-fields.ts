/**
 * Fields behind feature gates. While a gate is off its fields are dropped from what is written, before anything is validated, as
 * upstream's strategies do; but an object that uses one already may go on with it, so that turning a gate off loses nothing.
 */
import type { FieldError } from '#api/machinery/field-error.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { validatePodGroupUpdate } from '#api/scheduling/v1alpha2/pod-group.validation.ts'
import { type FeatureGates, isGateOn } from '#base/feature-gates.ts'
import { qualifiedName } from '../admission/requests.ts'
import { podTemplateIn } from '../pod-templates.ts'
import { rulesOf } from './registry.ts'
import type { Write } from './write.ts'

/** A part of an object, as far as fields are dropped from it. */
type Part = Record<string, unknown>

const OF_CLAIMS = 'DRAWorkloadResourceClaims'
/** Fields by name, each with its gate. */
const OF_PODS = { schedulingGroup: 'GenericWorkload' }
const OF_GROUPS: Readonly<Record<string, string>> = {
  schedulingConstraints: 'TopologyAwareWorkloadScheduling',
  resourceClaims: OF_CLAIMS,
  disruptionMode: 'WorkloadAwarePreemption',
  priorityClassName: 'WorkloadAwarePreemption',
  priority: 'WorkloadAwarePreemption',
}

const podSpecIn = (resource: string, object: KubernetesObject | undefined): Part | undefined =>
  resource === 'pods' ? specOf(object) : (podTemplateIn(resource, object)?.spec as Part | undefined)

const specOf = (object: unknown) => (object as Part | undefined)?.spec as Part | undefined
const statusOf = (object: unknown) => (object as Part | undefined)?.status as Part | undefined
const templatesOf = (object: unknown) => (specOf(object)?.podGroupTemplates ?? []) as Part[]

/** Changes the draft before its kind prepares it: what is dropped is no change of a template that anybody counts. */
export function dropGatedFields(
  write: Write,
  draft: KubernetesObject,
  previous?: KubernetesObject,
): void {
  const { featureGates: gates } = write.exchange.server
  const resource = qualifiedName(write.resource.storage.resource)
  if (resource === 'podgroups.scheduling.k8s.io') dropFromGroup(write, draft, previous)
  else if (resource === 'workloads.scheduling.k8s.io') {
    const before = templatesOf(previous)
    for (const [index, template] of templatesOf(draft).entries())
      drop(gates, OF_GROUPS, template, before[index])
  } else drop(gates, OF_PODS, podSpecIn(resource, draft), podSpecIn(resource, previous))
}

/** What an update may change in a group. Claims stay what they are even where nobody may have any. */
export function validateGroupChange(
  { exchange: { server }, subresource }: Write,
  draft: KubernetesObject,
  previous?: KubernetesObject,
): readonly FieldError[] {
  if (!previous || subresource !== '') return []
  const isOff = (field: string) => {
    const gate = field === 'resourceClaims' ? undefined : OF_GROUPS[field]
    return gate !== undefined && !isGateOn(server.featureGates, gate)
  }
  return validatePodGroupUpdate(draft as PodGroup, previous as PodGroup, isOff)
}

function dropFromGroup(write: Write, draft: KubernetesObject, previous?: KubernetesObject): void {
  const { featureGates: gates } = write.exchange.server
  const before = specOf(previous)
  drop(gates, OF_GROUPS, specOf(draft), before)
  // Groups always have a mode, if not that which was asked for.
  rulesOf(write.resource).defaults(draft)
  const isUsed = isGateOn(gates, OF_CLAIMS) || isGiven(before?.resourceClaims)
  if (write.subresource === 'status' && !isUsed) delete statusOf(draft)?.resourceClaimStatuses
}

function drop(
  gates: FeatureGates,
  fields: Readonly<Record<string, string>>,
  part: Part | undefined,
  before: Part | undefined,
): void {
  if (!part) return
  for (const [field, gate] of Object.entries(fields))
    if (part[field] !== undefined && !isGiven(before?.[field]) && !isGateOn(gates, gate))
      delete part[field]
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)
