/**
 * Turns the name of the priority class of a pod, or of a group of pods, into its number. What they say of their importance by
 * themselves must be what their class says, or they would choose their own.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import { isSystemClass, systemClasses } from '#api/scheduling/v1/system-classes.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { isGateOn } from '#base/feature-gates.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod, concerns, concernsPods, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

type PriorityWorld = Pick<AdmissionWorld, 'priorityClass' | 'priorityClasses' | 'featureGates'>
type Importance = Pick<PriorityClass, 'value'> & { preemptionPolicy?: string }

/** Of pods that name no class, where none is the default. */
const USUAL: Importance = { value: 0, preemptionPolicy: 'PreemptLowerPriority' }

export function priority(world: PriorityWorld): AdmissionStep {
  return {
    name: 'Priority',
    resources: ['pods', 'podgroups.scheduling.k8s.io', 'priorityclasses.scheduling.k8s.io'],
    mutate(request, draft) {
      if (concernsNewGroup(request))
        return isGateOn(world.featureGates, 'WorkloadAwarePreemption')
          ? resolveGroup(world, request, draft as PodGroup)
          : undefined
      if (!concernsPods(request)) return
      const { spec } = asPod(draft)
      return request.operation === 'UPDATE' ? keep(request, spec) : resolve(world, request, spec)
    },
    validate(request) {
      if (!concerns(request, 'scheduling.k8s.io', 'priorityclasses')) return
      if (request.operation === 'DELETE' && isSystemClass(request.name))
        throw refused(request, 'this is a system priority class and cannot be deleted')
      const object = request.object as PriorityClass | undefined
      if (object?.globalDefault) onlyDefault(world, request)
    },
  }
}

async function resolve(
  world: PriorityWorld,
  request: AdmissionRequest,
  spec: Pod['spec'],
): Promise<void> {
  const { value, preemptionPolicy } = await importanceOf(world, request, spec)
  if (spec.priority !== undefined && spec.priority !== value)
    throw refused(
      request,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  spec.priority = value
  if (preemptionPolicy === undefined) return
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy)
    throw refused(
      request,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
    )
  spec.preemptionPolicy = preemptionPolicy as Pod['spec']['preemptionPolicy']
}

const concernsNewGroup = (request: AdmissionRequest): boolean =>
  concerns(request, 'scheduling.k8s.io', 'podgroups') && request.operation === 'CREATE'

async function resolveGroup(
  world: PriorityWorld,
  request: AdmissionRequest,
  { spec }: PodGroup,
): Promise<void> {
  const { value } = await importanceOf(world, request, spec)
  if (spec.priority !== undefined && spec.priority !== value)
    throw refused(
      request,
      `priority set in the pod group (${spec.priority}) must match the priority computed (${value}) based on the priority class set in the spec`,
    )
  spec.priority = value
}

async function importanceOf(
  world: PriorityWorld,
  request: AdmissionRequest,
  spec: { priorityClassName?: string | undefined },
): Promise<Importance> {
  const { priorityClassName: name } = spec
  if (!name) {
    const usual = defaultClass(world)
    if (usual?.metadata.name) spec.priorityClassName = usual.metadata.name
    return usual ?? USUAL
  }
  // These two are always there and never change.
  const system = systemClasses.find(({ metadata }) => metadata.name === name)
  const found = system ?? (await world.priorityClass(name))
  if (!found) throw refused(request, `no PriorityClass with name ${name} was found`)
  return found
}

/** Two may be the default after a race; then the less important one is. */
function defaultClass(world: PriorityWorld): PriorityClass | undefined {
  const [first] = world
    .priorityClasses()
    .filter(({ globalDefault }) => globalDefault)
    .sort((a, b) => a.value - b.value)
  return first
}

function onlyDefault(world: PriorityWorld, request: AdmissionRequest): void {
  const usual = defaultClass(world)
  if (!usual) return
  const isItself = request.operation === 'UPDATE' && usual.metadata.name === request.name
  if (!isItself)
    throw refused(
      request,
      `PriorityClass ${usual.metadata.name} is already marked as default. Only one default can exist`,
    )
}

/** Clients that do not know the computed fields leave them out of their updates. */
function keep(request: AdmissionRequest, spec: Pod['spec']): void {
  const before = request.oldObject === undefined ? undefined : asPod(request.oldObject).spec
  if (spec.priority === undefined && before?.priority !== undefined) spec.priority = before.priority
  if (spec.preemptionPolicy === undefined && before?.preemptionPolicy !== undefined)
    spec.preemptionPolicy = before.preemptionPolicy
}
