/**
 * One service out of what several clusters export under its name. Where they differ, the oldest export wins (by its creation, then by the name of its
 * cluster), ports are united as far as they can be, and each difference is a conflict that every export is told of.
 */
import type { Service } from '#api/core/v1/service.ts'
import { canonical } from './canonical.ts'
import type { ImportedPort, ServiceExport, Traffic } from './kinds.ts'

export interface Exporter {
  readonly cluster: string
  readonly serviceExport: ServiceExport
  readonly service: Service
}

export interface MergedService {
  readonly type: 'ClusterSetIP' | 'Headless'
  readonly ports: readonly ImportedPort[]
  readonly traffic: Traffic
  /** IPv4, IPv6 or both, in the order of the oldest export. */
  readonly ipFamilies: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface Conflict {
  /** As mcs-api names it, such as `PortConflict`. */
  readonly reason: string
  readonly message: string
}

/** A slice of endpoints has no room for more. */
export const MAXIMUM_PORTS = 100

const TRAFFIC = {
  sessionAffinity: 'SessionAffinityConflict',
  sessionAffinityConfig: 'SessionAffinityConfigConflict',
  internalTrafficPolicy: 'InternalTrafficPolicyConflict',
  trafficDistribution: 'TrafficDistributionConflict',
} as const

const firstWins = (field: string) => `${field} is that of the first export`

export const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === 'None'

export function byAge(one: Exporter, other: Exporter): number {
  const born = ({ serviceExport }: Exporter) =>
    Date.parse(serviceExport.metadata.creationTimestamp ?? '') || 0
  return born(one) - born(other) || (one.cluster < other.cluster ? -1 : 1)
}

/** `exporters` from the oldest to the youngest. Undefined where there is none. */
export function mergeServices(
  exporters: readonly Exporter[],
): { readonly merged: MergedService; readonly conflicts: readonly Conflict[] } | undefined {
  const [oldest] = exporters
  if (!oldest) return undefined
  const conflicts: Conflict[] = []
  const compare = (reason: string, rule: string, of: (exporter: Exporter) => unknown) => {
    const won = canonical(of(oldest))
    const others = exporters.filter(exporter => canonical(of(exporter)) !== won)
    if (others.length === 0) return
    const names = others.map(({ cluster }) => cluster).join(', ')
    const message = `${rule}: ${names} and ${oldest.cluster}, which exported it first, differ`
    conflicts.push({ reason, message })
  }
  compare('TypeConflict', firstWins('type'), ({ service }) => isHeadless(service))
  compare(
    'PortConflict',
    'ports are united, and where they contradict each other the first counts',
    ({ service }) => portsOf(service).map(canonical).sort(),
  )
  for (const field of Object.keys(TRAFFIC) as (keyof typeof TRAFFIC)[])
    compare(TRAFFIC[field], firstWins(field), ({ service }) => trafficOf(service)[field])
  compare('LabelsConflict', firstWins('exportedLabels'), ({ serviceExport }) =>
    labelsOf(serviceExport),
  )
  compare('AnnotationsConflict', firstWins('exportedAnnotations'), ({ serviceExport }) =>
    annotationsOf(serviceExport),
  )
  compare('IPFamilyConflict', 'address families are united', ({ service }) =>
    [...(service.spec.ipFamilies ?? [])].sort(),
  )
  const ipFamilies = [...new Set(exporters.flatMap(({ service }) => service.spec.ipFamilies ?? []))]
  const merged: MergedService = {
    type: isHeadless(oldest.service) ? 'Headless' : 'ClusterSetIP',
    ports: unitedPorts(exporters),
    traffic: trafficOf(oldest.service),
    ipFamilies: ipFamilies.length === 0 ? ['IPv4'] : ipFamilies,
    labels: labelsOf(oldest.serviceExport),
    annotations: annotationsOf(oldest.serviceExport),
  }
  return { merged, conflicts }
}

/** Whether endpoints behind this port of a cluster's Service may be reached by the merged one: those of a port that lost would be wrong. */
export function isOffered(
  name: string | undefined,
  service: Service,
  ports: readonly ImportedPort[],
): boolean {
  const own = portsOf(service).find(port => (port.name ?? '') === (name ?? ''))
  return own !== undefined && ports.some(port => canonical(port) === canonical(own))
}

export function portsOf({ spec }: Service): ImportedPort[] {
  return (spec.ports ?? []).map(({ name, protocol, appProtocol, port }) => ({
    ...(name ? { name } : {}),
    protocol: protocol ?? 'TCP',
    ...(appProtocol === undefined ? {} : { appProtocol }),
    port,
  }))
}

/** A port joins unless its name or its number is another one's already, or it has no name beside others. */
function unitedPorts(exporters: readonly Exporter[]): ImportedPort[] {
  const united: ImportedPort[] = []
  for (const port of exporters.flatMap(({ service }) => portsOf(service))) {
    const isTaken = united.some(
      other =>
        (other.name ?? '') === (port.name ?? '') ||
        !other.name ||
        !port.name ||
        (other.port === port.port && other.protocol === port.protocol),
    )
    if (!isTaken && united.length < MAXIMUM_PORTS) united.push(port)
  }
  return united
}

function trafficOf({ spec }: Service): Traffic {
  const { sessionAffinity, sessionAffinityConfig, internalTrafficPolicy, trafficDistribution } =
    spec
  return {
    ...(sessionAffinity === undefined ? {} : { sessionAffinity }),
    ...(sessionAffinityConfig === undefined ? {} : { sessionAffinityConfig }),
    ...(internalTrafficPolicy === undefined ? {} : { internalTrafficPolicy }),
    ...(trafficDistribution === undefined ? {} : { trafficDistribution }),
  }
}

const labelsOf = ({ spec }: ServiceExport) => unreserved(spec?.exportedLabels)
const annotationsOf = ({ spec }: ServiceExport) => unreserved(spec?.exportedAnnotations)

/** What federation and the API itself mark objects by is nobody's to export. */
const unreserved = (map: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(map).filter(
      ([key]) => !/^(?:federation\.(?:alpha\.)?|multicluster\.)kubernetes\.io\//.test(key),
    ),
  )
