/** What can be seen to be wrong before anything is started; each is one sentence to whoever asked for it. */
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import {
  bitsOf,
  type Cidr,
  formatCidr,
  nodePrefixLengthOf,
  overlap,
  parseCidrs,
} from '#base/cidr.ts'
import { UserError } from '#base/errors.ts'
import { checkFeatureGates } from '#base/feature-gates.ts'
import type { CompleteOptions } from './options.ts'

const LEAST_RESOLUTION_MS = 1_000
/** The first is the API's, the tenth the DNS server's, and some should be left. */
const LEAST_SERVICE_ADDRESSES = 16n
/** Upstream's: more nodes than any cluster has. */
const MOST_NODE_BITS = 16

/** Throws a UserError. */
export function checkOptions(options: CompleteOptions): void {
  const pods = parseCidrs(options.clusterCidr, '--cluster-cidr')
  const services = parseCidrs(options.serviceClusterIpRange, '--service-cluster-ip-range')
  refuseOtherFamily(pods, services)
  refuseOverlap(pods, services)
  for (const range of services) refuseFewServices(range)
  for (const range of pods) refuseFewNodes(options, range)
  refuseName(options)
  checkFeatureGates(options.featureGates)
  checkResolution(options.metricResolutionMs)
}

/** Throws a UserError: nodes that are asked all the time would do nothing else. */
export function checkResolution(metricResolutionMs = LEAST_RESOLUTION_MS): void {
  if (metricResolutionMs < LEAST_RESOLUTION_MS)
    throw new UserError('--metric-resolution must be 1s or longer')
}

/** Services of a family lead to pods of that family. */
function refuseOtherFamily(pods: readonly Cidr[], services: readonly Cidr[]): void {
  const other = services.find(({ isIpv6 }) => pods.every(range => range.isIpv6 !== isIpv6))
  if (other)
    throw new UserError(
      `--service-cluster-ip-range ${formatCidr(other)} is of another family than the pods of --cluster-cidr ${pods.map(formatCidr)}; give pods a range of that family, too`,
    )
}

/** A pod and a Service with the same address could not both be reached. */
function refuseOverlap(pods: readonly Cidr[], services: readonly Cidr[]): void {
  for (const range of pods)
    for (const other of services)
      if (overlap(range, other))
        throw new UserError(
          `--cluster-cidr ${formatCidr(range)} and --service-cluster-ip-range ${formatCidr(other)} overlap; choose ranges that have no address in common`,
        )
}

function refuseFewServices(range: Cidr): void {
  if (range.size < LEAST_SERVICE_ADDRESSES)
    throw new UserError(
      `--service-cluster-ip-range ${formatCidr(range)} has ${range.size} addresses, Services need ${LEAST_SERVICE_ADDRESSES} at least; choose a /${bitsOf(range) - 4} or larger`,
    )
}

/** Each node gets a /24 of IPv4 and a /64 of IPv6. */
function refuseFewNodes({ nodes }: CompleteOptions, range: Cidr): void {
  if (nodes.kind === 'none') return
  const count = nodes.kind === 'hollow' ? nodes.count : 1
  const length = range.isIpv6 ? nodePrefixLengthOf(range) : 24
  const ranges = 2 ** (length - range.prefixLength)
  if (ranges < count)
    throw new UserError(
      range.isIpv6
        ? `--cluster-cidr ${formatCidr(range)} is too small for ${count} nodes with a /${length} each; choose a larger range`
        : `--cluster-cidr ${formatCidr(range)} has ${range.size} addresses, too few for ${count} nodes with 256 each; choose a larger range`,
    )
  if (range.isIpv6 && length - range.prefixLength > MOST_NODE_BITS)
    throw new UserError(
      `--cluster-cidr ${formatCidr(range)}: New CIDR set failed; the node CIDR size is too big; choose a /${length - MOST_NODE_BITS} or smaller`,
    )
}

function refuseName({ nodeName, nodes }: CompleteOptions): void {
  if (nodeName === undefined || nodes.kind === 'none') return
  const [why] = isDns1123Subdomain(nodeName)
  if (why) throw new UserError(`--node-name ${JSON.stringify(nodeName)}: ${why}`)
}
