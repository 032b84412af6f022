/** What is asked of drivers for the extended resources of a pod, and the claim in which that is written down. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import { EXTENDED_CLAIM } from '#api/resource/v1/extended-claims.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { amountOf } from '../state/pod-requests.ts'

/** A claim that is not written yet: the server will name it. */
export function extendedClaim(
  { metadata }: Pod,
  requests: readonly DeviceRequest[],
): ResourceClaim {
  const { name = '', namespace = '', uid = '' } = metadata
  return {
    metadata: {
      generateName: `${name}-extended-resources-`,
      namespace,
      annotations: { [EXTENDED_CLAIM]: 'true' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
    },
    spec: { devices: { requests } },
    status: {},
  } as unknown as ResourceClaim
}

/** The UID of the pod for whose extended resources the claim was made; undefined for any other claim. */
export function podOfExtendedClaim(claim: ResourceClaim): string | undefined {
  if (claim.metadata.annotations?.[EXTENDED_CLAIM] !== 'true') return undefined
  return controllerOf(claim)?.uid
}

export interface DeviceRequests {
  readonly requests: readonly DeviceRequest[]
  /** Which request serves which container and resource. */
  readonly mappings: readonly RequestMapping[]
}
export interface DeviceRequest {
  readonly name: string
  readonly exactly: {
    readonly deviceClassName: string
    readonly allocationMode: 'ExactCount'
    readonly count: number
  }
}
export interface RequestMapping {
  readonly containerName: string
  readonly resourceName: string
  readonly requestName: string
}
type Container = Pod['spec']['containers'][number]

/**
 * Requests for the devices behind these resources. Containers that run side by side get devices of their own; an init container
 * uses those of containers that start after it, and what it needs beyond that is asked for once, for the one that needs most.
 */
export function deviceRequests(
  { spec }: Pod,
  resources: readonly string[],
  classFor: (resource: string) => string | undefined,
): DeviceRequests {
  const initContainers = spec.initContainers ?? []
  const containers = [...initContainers, ...spec.containers]
  const isPassing = (index: number) =>
    index < initContainers.length && containers[index]?.restartPolicy !== 'Always'
  const all = resources.toSorted().flatMap(resource => {
    const deviceClassName = classFor(resource)
    return deviceClassName === undefined
      ? []
      : [new Requester(resource, deviceClassName, containers).run(isPassing)]
  })
  return {
    requests: all
      .flatMap(({ requests }) => requests)
      .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))),
    mappings: all.flatMap(({ mappings }) => mappings),
  }
}

/** Asks for one resource of all containers of a pod. */
class Requester {
  readonly #resource: string
  readonly #class: string
  readonly #containers: readonly Container[]

  constructor(resource: string, deviceClassName: string, containers: readonly Container[]) {
    this.#resource = resource
    this.#class = deviceClassName
    this.#containers = containers
  }

  run(isPassing: (index: number) => boolean): DeviceRequests {
    const lasting = new Map<number, DeviceRequest>()
    const mappings: RequestMapping[] = []
    for (const [index, container] of this.#containers.entries()) {
      const request = isPassing(index) ? undefined : this.#request(index, this.#amount(container))
      if (!request) continue
      lasting.set(index, request)
      mappings.push(this.#mapping(container, request.name))
    }
    const extra = this.#most(lasting, isPassing)
    for (const [index, container] of this.#containers.entries()) {
      if (!isPassing(index)) continue
      let left = this.#amount(container)
      for (const { name, exactly } of this.#after(index, lasting)) {
        if (left <= 0) break
        mappings.push(this.#mapping(container, name))
        left -= exactly.count
      }
      if (left > 0 && extra) mappings.push(this.#mapping(container, extra.name))
    }
    return { requests: [...(extra ? [extra] : []), ...lasting.values()], mappings }
  }

  /** What the init container that lacks most needs beyond the devices of later containers. */
  #most(
    lasting: ReadonlyMap<number, DeviceRequest>,
    isPassing: (index: number) => boolean,
  ): DeviceRequest | undefined {
    let most: DeviceRequest | undefined
    for (const [index, container] of this.#containers.entries()) {
      if (!isPassing(index)) continue
      const later = this.#after(index, lasting).reduce((sum, each) => sum + each.exactly.count, 0)
      const request = this.#request(index, this.#amount(container) - later)
      if (request && request.exactly.count > (most?.exactly.count ?? 0)) most = request
    }
    return most
  }

  #after(index: number, lasting: ReadonlyMap<number, DeviceRequest>): readonly DeviceRequest[] {
    return [...lasting].flatMap(([at, request]) => (at > index ? [request] : []))
  }

  #amount({ resources }: Container): number {
    // There are no halves of devices.
    return Math.ceil(amountOf(this.#resource, resources?.requests?.[this.#resource] ?? '0'))
  }

  #request(index: number, count: number): DeviceRequest | undefined {
    if (count <= 0) return undefined
    const asked = Object.keys(this.#containers[index]?.resources?.requests ?? {}).sort()
    return {
      name: `container-${index}-request-${asked.indexOf(this.#resource)}`,
      exactly: { deviceClassName: this.#class, allocationMode: 'ExactCount', count },
    }
  }

  #mapping({ name }: Container, requestName: string): RequestMapping {
    return { containerName: name, resourceName: this.#resource, requestName }
  }
}
