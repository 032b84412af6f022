/**
 * Fields behind feature gates. While a gate is off its fields are dropped from what is written, before anything is validated, as
 * upstream's strategies do; but an object that uses one already may go on with it, so that turning a gate off loses nothing.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { type FeatureGates, isGateOn } from '#base/feature-gates.ts'
import { rulesOf } from './registry.ts'
import type { Write } from './write.ts'

/** A part of an object, as far as fields are dropped from it. */
type Part = Record<string, unknown>
type PartOf = (object: unknown) => Part | undefined

/** Fields by name, each with its gate. */
const OF_PODS = { schedulingGroup: 'GenericWorkload' }
const OF_GROUPS = {
  schedulingConstraints: 'TopologyAwareWorkloadScheduling',
  resourceClaims: 'DRAWorkloadResourceClaims',
  disruptionMode: 'WorkloadAwarePreemption',
  priorityClassName: 'WorkloadAwarePreemption',
  priority: 'WorkloadAwarePreemption',
}

const at = (path: string): PartOf => {
  const names = path.split('.')
  return object => names.reduce((part, name) => (part as Part)?.[name], object) as Part | undefined
}

/** Where the spec of a pod lies, by resource and group. */
const podSpecs: Readonly<Record<string, PartOf>> = {
  pods: at('spec'),
  podtemplates: at('template.spec'),
  replicationcontrollers: at('spec.template.spec'),
  'daemonsets.apps': at('spec.template.spec'),
  'deployments.apps': at('spec.template.spec'),
  'replicasets.apps': at('spec.template.spec'),
  'statefulsets.apps': at('spec.template.spec'),
  'jobs.batch': at('spec.template.spec'),
  'cronjobs.batch': at('spec.jobTemplate.spec.template.spec'),
}

const specOf = at('spec')
const statusOf = at('status')
const templatesOf = (object: unknown) => (specOf(object)?.podGroupTemplates ?? []) as Part[]

/** Changes the draft before its kind prepares it: what is dropped is no change of a template that anybody counts. */
export function dropGatedFields(
  write: Write,
  draft: KubernetesObject,
  previous?: KubernetesObject,
): void {
  const { featureGates: gates } = write.exchange.server
  const { group, resource } = write.resource.storage.resource
  if (group === 'scheduling.k8s.io') {
    if (resource === 'podgroups') dropFromGroup(write, draft, previous)
    if (resource !== 'workloads') return
    const before = templatesOf(previous)
    for (const [index, template] of templatesOf(draft).entries())
      drop(gates, OF_GROUPS, template, before[index])
    return
  }
  const podSpec = podSpecs[group ? `${resource}.${group}` : resource]
  if (podSpec) drop(gates, OF_PODS, podSpec(draft), podSpec(previous))
}

function dropFromGroup(write: Write, draft: KubernetesObject, previous?: KubernetesObject): void {
  const { featureGates: gates } = write.exchange.server
  const before = specOf(previous)
  drop(gates, OF_GROUPS, specOf(draft), before)
  // Groups always have a mode, if not that which was asked for.
  rulesOf(write.resource).defaults(draft)
  const isUsed = isGateOn(gates, OF_GROUPS.resourceClaims) || isGiven(before?.resourceClaims)
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
