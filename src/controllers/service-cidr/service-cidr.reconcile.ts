/** Whether a range of service addresses is ready, and when one that is being deleted may go. */
import { type ServiceCidr, serviceCidr } from '#api/networking/v1/service-cidr.ts'
import { rfc3339 } from '#base/clock.ts'
import { canAssign, containsPrefix, type Prefix, prefixOf } from '#base/prefix.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer'
/** By then every API server knows that the range is going, and takes no address from it. */
const DELETION_MS = 10_000
const BLOCKED =
  'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR'

export interface RangeWorld {
  readonly range: ServiceCidr
  /** All that there are. */
  readonly ranges: readonly ServiceCidr[]
  /** Addresses that services have. */
  readonly addresses: readonly string[]
  readonly nowMs: number
}

export const prefixesOf = ({ spec }: ServiceCidr): Prefix[] => (spec.cidrs ?? []).map(prefixOf)

/** The ranges that hold an address. */
export function rangesOf(address: string, ranges: readonly ServiceCidr[]): ServiceCidr[] {
  return ranges.filter(range => prefixesOf(range).some(prefix => canAssign(prefix, address)))
}

export function reconcile(world: RangeWorld): Outcome {
  const { range, nowMs } = world
  const { deletionTimestamp, finalizers = [] } = range.metadata
  if (!deletionTimestamp) {
    const isProtected = finalizers.includes(FINALIZER)
    const ready = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }
    return {
      writes: [
        ...(isProtected ? [] : [withFinalizers(range, [...finalizers, FINALIZER])]),
        ...withCondition(range, ready, nowMs),
      ],
    }
  }
  if (!mayGo(world)) {
    const blocked = { status: 'False', reason: 'Terminating', message: BLOCKED }
    return { writes: withCondition(range, blocked, nowMs) }
  }
  const leftMs = Date.parse(deletionTimestamp) + DELETION_MS - nowMs
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs }
  if (!finalizers.includes(FINALIZER)) return nothingToDo
  return {
    writes: [
      withFinalizers(
        range,
        finalizers.filter(each => each !== FINALIZER),
      ),
    ],
  }
}

/** Whether every address of the range is in another one, too. */
function mayGo({ range, ranges, addresses }: RangeWorld): boolean {
  const others = ranges.filter(({ metadata }) => metadata.name !== range.metadata.name)
  const parents = others.flatMap(prefixesOf)
  const own = prefixesOf(range)
  if (own.every(prefix => parents.some(parent => containsPrefix(parent, prefix)))) return true
  return !addresses.some(
    address =>
      own.some(prefix => canAssign(prefix, address)) &&
      !parents.some(parent => canAssign(parent, address)),
  )
}

function withFinalizers(range: ServiceCidr, finalizers: readonly string[]): Write {
  const { resourceVersion } = range.metadata
  const patch = { metadata: { finalizers, ...(resourceVersion ? { resourceVersion } : {}) } }
  return { verb: 'patch', kind: serviceCidr, object: range, type: 'merge', patch }
}

interface Ready {
  readonly status: string
  readonly reason: string
  readonly message: string
}

function withCondition(range: ServiceCidr, ready: Ready, nowMs: number): Write[] {
  const { conditions = [] } = range.status
  const before = conditions.find(({ type }) => type === 'Ready')
  const isSame =
    before?.status === ready.status &&
    before.reason === ready.reason &&
    before.message === ready.message
  if (isSame) return []
  const condition = { type: 'Ready', ...ready, lastTransitionTime: rfc3339(nowMs) }
  const others = conditions.filter(({ type }) => type !== 'Ready')
  // Nobody else writes it, and the write of the finalizer may just have made another revision.
  const patch = { status: { conditions: [...others, condition] } }
  return [
    {
      verb: 'patch',
      kind: serviceCidr,
      object: range,
      type: 'merge',
      patch,
      subresource: 'status',
    },
  ]
}
