/** Which pods stand behind a Service, and under which ports: shared by the two controllers that tell of it. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Service, ServicePort } from '#api/core/v1/service.ts'
import { labelMatcherOfSet } from '#api/machinery/label-selector.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { equal } from '#api/machinery/patch/json-patch.ts'
import type { Informer } from '#client/informer.ts'
import type { Wakeup } from '../runner/controller.ts'
import { isFinished } from '../runner/pods.ts'

/** A port of a Service as one pod has it. */
export interface PodPort {
  readonly name: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly appProtocol?: string
}

/** Services that name pods by labels; the others have endpoints written by somebody else. */
export function selectsPods({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0
}

/** The pods that the Service selects, those that are ending included, in a stable order. */
export function podsBehind(service: Service, pods: Informer<Pod>): Pod[] {
  const matcher = labelMatcherOfSet(service.spec.selector)
  return pods
    .list(service.metadata.namespace ?? '')
    .filter(pod => matcher.matches(pod.metadata.labels ?? {}) && hasEndpoint(pod))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
}

/** Finished pods and pods without an address serve nobody. */
function hasEndpoint(pod: Pod): boolean {
  return !isFinished(pod) && addressesOf(pod).length > 0
}

export function addressesOf({ status }: Pod): string[] {
  const all = (status.podIPs ?? []).flatMap(({ ip }) => ip ?? [])
  return all.length > 0 ? all : status.podIP ? [status.podIP] : []
}

/** The Service's ports as numbers of this pod's. A named port that the pod lacks is left out. */
export function portsOf(service: Service, pod: Pod): PodPort[] {
  return (service.spec.ports ?? []).flatMap(servicePort => {
    const port = targetOf(servicePort, pod)
    if (port === undefined) return []
    return {
      name: servicePort.name ?? '',
      port,
      protocol: (servicePort.protocol ?? 'TCP') as PodPort['protocol'],
      ...(servicePort.appProtocol ? { appProtocol: servicePort.appProtocol } : {}),
    }
  })
}

function targetOf({ targetPort, port, protocol = 'TCP' }: ServicePort, pod: Pod) {
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port
  if (typeof targetPort === 'number') return targetPort
  const containers = [
    ...pod.spec.containers,
    // Side-cars run beside the containers and may serve, too.
    ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ]
  for (const container of containers)
    for (const offered of container.ports ?? [])
      if (offered.name === targetPort && (offered.protocol ?? 'TCP') === protocol)
        return offered.containerPort
  return undefined
}

/** Wakes a Service's key when it, a pod that it selects (or selected), or what was written for it changes. */
export function wakeServices(
  queue: Wakeup,
  services: Informer<Service>,
  pods: Informer<Pod>,
): void {
  queue.onStop(
    services.subscribe({
      changed: service => queue.add(keyOf(service)),
      deleted: service => queue.add(keyOf(service)),
    }),
  )
  const wakeSelecting = (pod: Pod) => {
    for (const service of services.list(pod.metadata.namespace ?? ''))
      if (
        selectsPods(service) &&
        labelMatcherOfSet(service.spec.selector).matches(pod.metadata.labels ?? {})
      )
        queue.add(keyOf(service))
  }
  queue.onStop(
    pods.subscribe({
      changed(next, previous) {
        if (previous && !concernsEndpoint(next, previous)) return
        wakeSelecting(next)
        if (previous && previous.metadata.labels !== next.metadata.labels) wakeSelecting(previous)
      },
      deleted: wakeSelecting,
    }),
  )
}

/** True for a change of what its endpoint shows of a pod; others wake nobody. */
function concernsEndpoint(next: Pod, previous: Pod): boolean {
  return (
    next.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    !equal(next.metadata.labels, previous.metadata.labels) ||
    !equal(placeOf(next), placeOf(previous)) ||
    !equal(addressesOf(next), addressesOf(previous))
  )
}

function placeOf({ spec, status }: Pod) {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status
  return [spec.nodeName, spec.hostname, spec.subdomain, status.phase, ready]
}

/** The reference to a pod that stands in its endpoint. */
export function targetReference({ metadata }: Pod) {
  return {
    kind: 'Pod',
    ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
    ...(metadata.name ? { name: metadata.name } : {}),
    ...(metadata.uid ? { uid: metadata.uid } : {}),
  }
}

/** The name under which DNS tells of the pod, where the pod asks for one in this Service's domain. */
export function hostnameOf(service: Service, { spec, metadata }: Pod): string | undefined {
  const named = spec.hostname && spec.subdomain === service.metadata.name
  return named && service.metadata.namespace === metadata.namespace ? spec.hostname : undefined
}
