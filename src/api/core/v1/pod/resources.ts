/**
 * What a pod asks for as a whole, exactly: containers run together, init containers one after the other before them, and
 * sidecars from their turn on beside all that follows.
 */
import {
  addAmounts,
  largestAmounts,
  onlyAmounts,
  type ResourceList,
  readAmounts,
} from '../../../machinery/resource-list.ts'
import { isHugePages } from '../resource-names.ts'
import type { Container } from './schema.container.ts'
import type { Pod } from './schema.ts'

type Kind = 'requests' | 'limits'

export interface PodResourcesOptions {
  /** Also counts what containers hold now, while a resize is under way. */
  readonly withStatus?: boolean
  /** Also counts what the pod costs besides its containers. */
  readonly withOverhead?: boolean
}

const NOTHING: ResourceList = new Map()

export function podResources(
  pod: Pod,
  kind: Kind,
  options: PodResourcesOptions = {},
): ResourceList {
  const { initContainers = [], containers, resources } = pod.spec
  let sidecars = NOTHING
  let starting = NOTHING
  for (const container of initContainers) {
    const isSidecar = container.restartPolicy === 'Always'
    // Of init containers only sidecars are resized while they run.
    const own = isSidecar
      ? amountsOf(pod, container, kind, options)
      : readAmounts(container.resources?.[kind])
    if (isSidecar) sidecars = addAmounts(sidecars, own)
    starting = largestAmounts(starting, isSidecar ? sidecars : addAmounts(sidecars, own))
  }
  const running = containers
    .map(container => amountsOf(pod, container, kind, options))
    .reduce(addAmounts, NOTHING)
  const whole = onlyAmounts(readAmounts(resources?.[kind]), isOfPods)
  const total = new Map([...largestAmounts(addAmounts(running, sidecars), starting), ...whole])
  return options.withOverhead ? withOverhead(pod, kind, total) : total
}

/** What can be said of the pod as a whole, in place of its containers. */
const isOfPods = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name)

function amountsOf(
  { status }: Pod,
  { name, resources }: Container,
  kind: Kind,
  { withStatus = false }: PodResourcesOptions,
): ResourceList {
  const asked = readAmounts(resources?.[kind])
  if (!withStatus) return asked
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  const own = statuses.find(each => each.name === name)
  if (!own?.resources) return asked
  const held = readAmounts(own.resources[kind])
  const promised = kind === 'requests' ? readAmounts(own.allocatedResources) : NOTHING
  const isHopeless = status.conditions?.some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  )
  return largestAmounts(isHopeless ? NOTHING : asked, largestAmounts(held, promised))
}

/** Where there is no limit, overhead makes none. */
function withOverhead({ spec }: Pod, kind: Kind, total: ResourceList): ResourceList {
  const overhead = readAmounts(spec.overhead)
  if (kind === 'requests') return addAmounts(total, overhead)
  return addAmounts(
    total,
    onlyAmounts(overhead, name => (total.get(name)?.nanos ?? 0n) !== 0n),
  )
}
