/** Claims of devices count by number, and by the devices of each class that they may get. */
import { countOf, type ResourceList } from '../../machinery/resource-list.ts'
import type { ResourceClaim } from '../../resource/v1/resource-claim.schema.ts'
import type { QuotaEvaluator } from './evaluator.ts'

const COUNT = 'count/resourceclaims.resource.k8s.io'
const OF_CLASS = '.deviceclass.resource.k8s.io/devices'
/** As many devices as one claim can get. */
const MOST_DEVICES = 32

export const deviceClaimQuota: QuotaEvaluator = {
  handles: ({ operation, subresource }) =>
    subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  measures: name => name === COUNT || name.endsWith(OF_CLASS),
  usage: claim => usage(claim as ResourceClaim),
}

interface Wanted {
  readonly deviceClassName: string
  readonly allocationMode?: string
  readonly count?: number | bigint
}

function usage({ spec }: ResourceClaim): ResourceList {
  const devices = new Map<string, number>()
  for (const { exactly, firstAvailable = [] } of spec.devices.requests ?? []) {
    const most = new Map<string, number>()
    // Only one of the alternatives comes true, and it may be the one that takes most.
    for (const wanted of (exactly ? [exactly] : firstAvailable) as readonly Wanted[]) {
      const { deviceClassName: name } = wanted
      most.set(name, Math.max(most.get(name) ?? 0, countIn(wanted)))
    }
    for (const [name, count] of most) devices.set(name, (devices.get(name) ?? 0) + count)
  }
  return new Map([
    [COUNT, countOf(1)],
    ...[...devices].map(([name, count]) => [`${name}${OF_CLASS}`, countOf(count)] as const),
  ])
}

const countIn = ({ allocationMode, count = 1 }: Wanted) =>
  allocationMode === 'All' ? MOST_DEVICES : Number(count)
