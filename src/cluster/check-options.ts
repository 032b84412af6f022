/** What can be seen to be wrong before anything is started; each is one sentence to whoever asked for it. */
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import { type Cidr, overlap, parseCidr } from '#base/cidr.ts'
import { UserError } from '#base/errors.ts'
import { checkFeatureGates } from '#base/feature-gates.ts'
import type { CompleteOptions } from './options.ts'

/** Each node gets a /24. */
const ADDRESSES_PER_NODE = 256
const LEAST_RESOLUTION_MS = 1_000
/** The first is the API's, the tenth the DNS server's, and some should be left. */
const LEAST_SERVICE_ADDRESSES = 16

/** Throws a UserError. */
export function checkOptions(options: CompleteOptions): void {
  const pods = parseCidr(options.clusterCidr, '--cluster-cidr')
  const services = parseCidr(options.serviceClusterIpRange, '--service-cluster-ip-range')
  refuseOverlap(options, pods, services)
  refuseSmall(options, pods, services)
  refuseName(options)
  checkFeatureGates(options.featureGates)
  checkResolution(options.metricResolutionMs)
}

/** Throws a UserError: nodes that are asked all the time would do nothing else. */
export function checkResolution(metricResolutionMs = LEAST_RESOLUTION_MS): void {
  if (metricResolutionMs < LEAST_RESOLUTION_MS)
    throw new UserError('--metric-resolution must be 1s or longer')
}

/** A pod and a Service with the same address could not both be reached. */
function refuseOverlap(options: CompleteOptions, pods: Cidr, services: Cidr): void {
  const { clusterCidr, serviceClusterIpRange } = options
  if (overlap(pods, services))
    throw new UserError(
      `--cluster-cidr ${clusterCidr} and --service-cluster-ip-range ${serviceClusterIpRange} overlap; choose ranges that have no address in common`,
    )
}

function refuseSmall(options: CompleteOptions, pods: Cidr, services: Cidr): void {
  const { clusterCidr, serviceClusterIpRange, nodes } = options
  if (services.size < LEAST_SERVICE_ADDRESSES)
    throw new UserError(
      `--service-cluster-ip-range ${serviceClusterIpRange} has ${services.size} addresses, Services need ${LEAST_SERVICE_ADDRESSES} at least; choose a /28 or larger`,
    )
  const count = nodes.kind === 'hollow' ? nodes.count : 1
  if (nodes.kind !== 'none' && pods.size < ADDRESSES_PER_NODE * count)
    throw new UserError(
      `--cluster-cidr ${clusterCidr} has ${pods.size} addresses, too few for ${count} nodes with ${ADDRESSES_PER_NODE} each; choose a larger range`,
    )
}

function refuseName({ nodeName, nodes }: CompleteOptions): void {
  if (nodeName === undefined || nodes.kind === 'none') return
  const [why] = isDns1123Subdomain(nodeName)
  if (why) throw new UserError(`--node-name ${JSON.stringify(nodeName)}: ${why}`)
}
