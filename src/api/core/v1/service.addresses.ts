/**
 * Addresses and families of services: they are settled before the rest of a service is prepared or judged, and what is wrong with them is
 * told alone.
 */
import { duplicate, type FieldError, invalid, notSupported } from '../../machinery/field-error.ts'
import { type AddressFamily, isIp, looseFamily } from './addresses.ts'
import type { ServiceSpec } from './service.schema.ts'
import { wrong } from './validation.ts'

export const HEADLESS = 'None'

const SINGLE = 'SingleStack'
const REQUIRED = 'RequireDualStack'
const PREFERRED = 'PreferDualStack'
const POLICIES = [PREFERRED, REQUIRED, SINGLE]
const FAMILIES = ['IPv4', 'IPv6'] as const
const ADDRESSES = 'spec.clusterIPs'
const POLICY = 'spec.ipFamilyPolicy'

/** Of which the cluster has addresses for services; the first is that of who says nothing of it. */
export type ClusterFamilies = readonly [AddressFamily, ...AddressFamily[]]

/** Of a cluster of IPv4 alone, as they are by default. */
export const IPV4_ALONE: ClusterFamilies = ['IPv4']

/** Fills in the policy and the families, from the addresses asked for where there are some. */
export function settleFamilies(
  spec: ServiceSpec,
  before: ServiceSpec | undefined,
  cluster: ClusterFamilies,
): readonly FieldError[] {
  if (spec.type === 'ExternalName' || (before && staysPreferred(spec, before))) return []
  // Endpoints without a selector may be of any family, so such headless services claim both.
  const mayHaveAny = spec.clusterIP === HEADLESS && Object.keys(spec.selector ?? {}).length === 0
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (mayHaveAny ? REQUIRED : SINGLE)
  const ofForm = validateAddresses(spec, before)
  if (ofForm.length > 0) return ofForm
  const errors = [
    ...(before ? settleSecond(spec, before) : []),
    ...manyOfOne(spec),
    ...inferFamilies(spec, cluster),
  ]
  if (errors.length > 0) return errors
  const ofCluster = mayHaveAny ? [] : validateOfCluster(spec, cluster)
  if (ofCluster.length > 0) return ofCluster
  const families = spec.ipFamilies?.length ? spec.ipFamilies : [cluster[0]]
  const others = FAMILIES.filter(family => mayHaveAny || cluster.includes(family))
  const takesBoth = families.length < 2 && spec.ipFamilyPolicy !== SINGLE
  spec.ipFamilies = takesBoth
    ? [...families, ...others.filter(family => family !== families[0])]
    : families
  return []
}

const isFamily = (text: string) => text === 'IPv4' || text === 'IPv6'

/** Of addresses and families; none is as good as an empty list. */
export const isSame = (one: readonly string[] = [], other: readonly string[] = []) =>
  one.join() === other.join()

/** Who would like both families keeps what there is, whatever the cluster has by now. */
function staysPreferred(spec: ServiceSpec, before: ServiceSpec): boolean {
  return (
    spec.ipFamilyPolicy === PREFERRED &&
    (before.ipFamilyPolicy ?? PREFERRED) === PREFERRED &&
    spec.type === before.type &&
    ['ClusterIP', 'LoadBalancer', 'NodePort'].includes(spec.type ?? '') &&
    isSame(spec.clusterIPs, before.clusterIPs) &&
    isSame(spec.ipFamilies, before.ipFamilies)
  )
}

/** The second family goes only for who says that one is wanted, and then by itself. */
function settleSecond(spec: ServiceSpec, before: ServiceSpec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec
  const errors: FieldError[] = []
  if (ipFamilyPolicy === SINGLE) {
    if (isSame(clusterIPs, before.clusterIPs) && clusterIPs.length > 1)
      spec.clusterIPs = clusterIPs.slice(0, 1)
    if (isSame(ipFamilies, before.ipFamilies) && ipFamilies.length > 1)
      spec.ipFamilies = ipFamilies.slice(0, 1)
    return errors
  }
  const isReduced = (now: readonly string[], then: readonly string[] = []) =>
    now.length > 0 && now.length < then.length
  const refuse = (what: string) =>
    errors.push(
      invalid(POLICY, ipFamilyPolicy, `must be '${SINGLE}' to release the secondary ${what}`),
    )
  if (isReduced(clusterIPs, before.clusterIPs)) refuse('cluster IP')
  if (isReduced(ipFamilies, before.ipFamilies)) refuse('IP family')
  return errors
}

function manyOfOne({ clusterIPs, ipFamilies, ipFamilyPolicy }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== SINGLE) return []
  const refuse = (what: string) =>
    invalid(
      POLICY,
      ipFamilyPolicy,
      `must be '${REQUIRED}' or '${PREFERRED}' when multiple ${what} are specified`,
    )
  return [
    ...(clusterIPs?.length === 2 ? [refuse('cluster IPs')] : []),
    ...(ipFamilies?.length === 2 ? [refuse('IP families')] : []),
  ]
}

/** From addresses of which no family is said. */
function inferFamilies(spec: ServiceSpec, cluster: ClusterFamilies): FieldError[] {
  const { clusterIPs = [] } = spec
  if (clusterIPs[0] === HEADLESS) return []
  const errors: FieldError[] = []
  const families = [...(spec.ipFamilies ?? [])]
  for (const [index, address] of clusterIPs.entries()) {
    if (index < families.length) continue
    const family = looseFamily(address)
    if (family && cluster.includes(family)) families.push(family)
    else
      errors.push(
        invalid(
          `${ADDRESSES}[${index}]`,
          clusterIPs,
          `${family} is not configured on this cluster`,
        ),
      )
  }
  if (families.length > 0) spec.ipFamilies = families
  return errors
}

function validateOfCluster(
  { ipFamilies = [], ipFamilyPolicy }: ServiceSpec,
  cluster: ClusterFamilies,
): FieldError[] {
  const dual = 'this cluster is not configured for dual-stack services'
  return [
    ...(ipFamilyPolicy === REQUIRED && cluster.length < 2
      ? [invalid(POLICY, ipFamilyPolicy, dual)]
      : []),
    ...ipFamilies.flatMap((family, index) =>
      cluster.some(own => own === family)
        ? []
        : [invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    ),
  ]
}

function validateAddresses(spec: ServiceSpec, before?: ServiceSpec): readonly FieldError[] {
  const { clusterIP = '', clusterIPs = [] } = spec
  const errors: FieldError[] = []
  if (!clusterIP && clusterIPs.length > 0)
    errors.push(invalid(ADDRESSES, clusterIPs, 'must be empty when `clusterIP` is not specified'))
  else if (clusterIP && clusterIPs[0] !== clusterIP)
    errors.push(invalid(ADDRESSES, clusterIPs, 'first value must match `clusterIP`'))
  errors.push(...validateFamilies(spec))
  const wrongAddresses = clusterIPs.flatMap((address, index) => {
    if (index > 0 || address !== HEADLESS)
      // What was taken once may stay.
      return before?.clusterIPs?.includes(address)
        ? []
        : wrong(`${ADDRESSES}[${index}]`, address, isIp(address))
    return clusterIPs.length === 1
      ? []
      : [invalid(ADDRESSES, clusterIPs, "'None' must be the first and only value")]
  })
  errors.push(...wrongAddresses)
  if (clusterIPs.length > 2)
    errors.push(invalid(ADDRESSES, clusterIPs, 'may only hold up to 2 values'))
  // What follows from a wrong address would only confuse.
  return wrongAddresses.length > 0 ? errors : [...errors, ...validateTogether(spec)]
}

function validateTogether({ clusterIPs = [], ipFamilies = [] }: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const families = clusterIPs.map(looseFamily)
  if (clusterIPs.length > 1 && new Set(families).size < 2)
    errors.push(
      invalid(ADDRESSES, clusterIPs, 'may specify no more than one IP for each IP family'),
    )
  for (const [index, family] of families.entries()) {
    const wanted = ipFamilies[index] ?? ''
    if (family && isFamily(wanted) && family !== wanted)
      errors.push(
        invalid(
          `${ADDRESSES}[${index}]`,
          clusterIPs[index],
          `expected an ${wanted} value as indicated by \`ipFamilies[${index}]\``,
        ),
      )
  }
  return errors
}

function validateFamilies({ ipFamilies = [], ipFamilyPolicy }: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, family] of ipFamilies.entries()) {
    if (!isFamily(family)) errors.push(notSupported(`spec.ipFamilies[${index}]`, family, FAMILIES))
    if (ipFamilies.indexOf(family) !== index)
      errors.push(duplicate(`spec.ipFamilies[${index}]`, family))
  }
  if (ipFamilyPolicy !== undefined && !POLICIES.includes(ipFamilyPolicy))
    errors.push(notSupported(POLICY, ipFamilyPolicy, POLICIES))
  return errors
}
