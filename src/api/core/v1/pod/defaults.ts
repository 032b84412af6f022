/** What a pod, and the pod template of a workload, gets where its author said nothing. */
import { formatQuantity } from '../../../machinery/quantity.ts'
import { isHugePages } from '../resource-names.ts'
import { defaultVolume } from './defaults.volumes.ts'
import { pullPolicyOf } from './image.ts'
import { podResources } from './resources.ts'
import type { Container, EphemeralContainer } from './schema.container.ts'
import type { HTTPGetAction, LifecycleHandler, Probe } from './schema.probes.ts'
import type { ResourceRequirements } from './schema.resources.ts'
import type { PodStatus } from './schema.status.ts'
import type { Pod, PodSpec, PodTemplateSpec } from './schema.ts'

export const DEFAULT_TERMINATION_GRACE_PERIOD_SECONDS = 30

export function defaultPod(pod: Pod): void {
  pod.spec.enableServiceLinks ??= true
  pairAddresses(pod.status)
  defaultPodSpec(pod.spec)
  if (pod.spec.hostNetwork) exposeContainerPorts(pod.spec)
  for (const container of allContainers(pod.spec)) requestsFromLimits(container.resources)
  if (pod.spec.resources) defaultPodLevelRequests(pod, pod.spec.resources)
}

export function defaultPodTemplate(template: PodTemplateSpec): void {
  defaultPodSpec(template.spec)
}

function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= DEFAULT_TERMINATION_GRACE_PERIOD_SECONDS
  spec.schedulerName ||= 'default-scheduler'
  // serviceAccount is the old name of serviceAccountName; servers show both, the new name wins.
  const account = spec.serviceAccountName || spec.serviceAccount
  if (account) {
    spec.serviceAccountName = account
    spec.serviceAccount = account
  } else {
    // Only where they are: what loses a field is slower and larger from then on.
    delete spec.serviceAccountName
    delete spec.serviceAccount
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  for (const container of allContainers(spec)) defaultContainer(container)
}

export function* allContainers(spec: PodSpec): Generator<Container | EphemeralContainer> {
  yield* spec.initContainers ?? []
  yield* spec.containers
  yield* spec.ephemeralContainers ?? []
}

export function defaultContainer(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= pullPolicyOf(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  for (const variable of container.env ?? [])
    if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ||= 'v1'
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    if (probe) defaultProbe(probe)
  defaultHandler(container.lifecycle?.postStart)
  defaultHandler(container.lifecycle?.preStop)
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  defaultHttpGet(probe.httpGet)
}

function defaultHandler(handler: LifecycleHandler | undefined): void {
  defaultHttpGet(handler?.httpGet)
}

function defaultHttpGet(action: HTTPGetAction | undefined): void {
  if (!action) return
  action.path ||= '/'
  action.scheme ||= 'HTTP'
}

/** On the host's network a container port is the host's port. */
function exposeContainerPorts(spec: PodSpec): void {
  for (const container of [...(spec.initContainers ?? []), ...spec.containers])
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort
}

/** Who limits a resource without requesting it, requests the limit. */
function requestsFromLimits(resources: ResourceRequirements): void {
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    resources.requests ??= {}
    resources.requests[name] ??= limit
  }
}

/** Resources that a pod may ask for as a whole; of others only containers can have limits. */
const podLevelResources = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name)

/** podIP is the older field, the first of the list, and has the last word. Of the node's addresses both are written by hand. */
function pairAddresses(status: PodStatus): void {
  const [first] = status.podIPs ?? []
  if (status.podIP && status.podIP !== first?.ip) status.podIPs = [{ ip: status.podIP }]
  else if (first?.ip) status.podIP = first.ip
}

/**
 * A pod with limits of its own as a whole says all of what it requests as one: what its containers request together, and its limit of what none of them
 * requests. Of huge pages the limits of containers are summed up, and requested with that.
 */
function defaultPodLevelRequests(pod: Pod, resources: ResourceRequirements): void {
  if (Object.keys({ ...resources.limits, ...resources.requests }).length === 0) return
  const { resources: _, ...rest } = pod.spec
  const ofContainers = (kind: 'requests' | 'limits') => podResources({ ...pod, spec: rest }, kind)
  const limits = { ...resources.limits }
  for (const [name, amount] of ofContainers('limits'))
    if (isHugePages(name) && !resources.requests?.[name]) limits[name] ??= formatQuantity(amount)
  if (Object.keys(limits).length === 0) return
  resources.limits = limits
  const requests = { ...resources.requests }
  for (const [name, amount] of ofContainers('requests'))
    if (name === 'cpu' || name === 'memory') requests[name] ??= formatQuantity(amount)
  for (const [name, limit] of Object.entries(limits))
    if (podLevelResources(name)) requests[name] ??= limit
  if (Object.keys(requests).length > 0) resources.requests = requests
}
