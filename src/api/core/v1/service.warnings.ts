/** What is allowed in a service but without effect, or on its way out. */
import { addressWarnings, cidrWarnings } from './addresses.ts'
import { HEADLESS } from './service.addresses.ts'
import type { Service } from './service.schema.ts'

export const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints'
export const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode'

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const warnings: string[] = []
  const { externalIPs = [], loadBalancerIP = '', clusterIPs = [], type } = spec
  const isHeadless = spec.clusterIP === HEADLESS
  if (metadata.annotations?.[TOPOLOGY_HINTS] !== undefined)
    warnings.push(`annotation ${TOPOLOGY_HINTS} is deprecated, please use ${TOPOLOGY_MODE} instead`)
  if (!isHeadless)
    for (const [index, address] of clusterIPs.entries())
      warnings.push(...addressWarnings(`spec.clusterIPs[${index}]`, address))
  if (isHeadless && type === 'ClusterIP') {
    if (loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  for (const [index, address] of externalIPs.entries())
    warnings.push(...addressWarnings(`spec.externalIPs[${index}]`, address))
  warnings.push(...addressWarnings('spec.loadBalancerIP', loadBalancerIP))
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    warnings.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range))
  if (type !== 'ExternalName' && !isHeadless && externalIPs.length > 0)
    warnings.push(
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    )
  if (type === 'ExternalName' && externalIPs.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}
