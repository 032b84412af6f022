/**
 * What one exported service needs done in all clusters, from what they show. Pure. Every step is small and shows itself in the next view, so a process may end
 * anywhere: an import first, then the Service that gets its address, then the address in the import.
 *
 * A cluster that is away keeps what it has, and what it exported counts on. Where nobody has seen its exports since this process started, imports that came of
 * them stay as they are until it is back.
 */
import { type Service, service as serviceKind } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ClusterState } from '../inventory/health.ts'
import { APPLIED, isOurs, PLACED_BY } from '../names.ts'
import { isAsDesired } from '../sync/desired.ts'
import * as conditions from './conditions.ts'
import { desiredDerived, desiredImport, desiredSlice, type Place } from './desired-objects.ts'
import {
  serviceExport as exportKind,
  serviceImport as importKind,
  type ServiceExport,
  type ServiceImport,
  type ServiceImportSpec,
  SOURCE_CLUSTER,
} from './kinds.ts'
import {
  byAge,
  type Conflict,
  type Exporter,
  isOffered,
  type MergedService,
  mergeServices,
} from './merge.ts'

/** What one cluster shows of the service. */
export interface ClusterView {
  readonly name: string
  readonly state: ClusterState
  /** Whether its objects have been seen since this process started; what was seen last may be old. */
  readonly isKnown: boolean
  /** The namespace is there, and not on its way out. */
  readonly hasNamespace: boolean
  readonly serviceExport?: ServiceExport | undefined
  readonly service?: Service | undefined
  /** Of the Service itself. */
  readonly slices: readonly EndpointSlice[]
  readonly serviceImport?: ServiceImport | undefined
  readonly derived?: Service | undefined
  readonly imported: readonly EndpointSlice[]
  /** Why the last attempt to write there failed. */
  readonly failure?: string | undefined
}

export interface DecisionInput {
  /** Of the federation. */
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly clusters: readonly ClusterView[]
  readonly nowMs: number
}

export type Action =
  | { readonly verb: 'create'; readonly kind: AnyKind; readonly desired: KubernetesObject }
  | {
      readonly verb: 'apply'
      readonly kind: AnyKind
      readonly desired: KubernetesObject
      readonly copy: KubernetesObject
    }
  | { readonly verb: 'delete'; readonly kind: AnyKind; readonly copy: KubernetesObject }
  | {
      readonly verb: 'tell'
      readonly kind: AnyKind
      readonly object: KubernetesObject
      readonly status: object
    }

export interface Decision {
  /** By cluster, in their order. */
  readonly actions: ReadonlyMap<string, readonly Action[]>
}

/** Of one Service in one cluster: 100,000 endpoints at upstream's most in each, and still some megabytes. */
export const MAXIMUM_SLICES = 100

export function decideService(input: DecisionInput): Decision {
  const { clusters } = input
  const exporters = clusters.flatMap(exporterOf).sort(byAge)
  const unknown = unknownExporters(clusters)
  const outcome = mergeServices(exporters)
  const withdrawn = withdrawnClusters(clusters, outcome?.merged)
  const actions = new Map<string, readonly Action[]>()
  for (const cluster of clusters) {
    // Whoever is away keeps what it has.
    if (!cluster.isKnown || cluster.state !== 'Ready') continue
    const kept = unknown.size > 0 ? keptService(cluster.serviceImport) : undefined
    const merged = kept ?? outcome?.merged
    const wanted = cluster.hasNamespace
      ? importing(cluster, { ...input, merged, exporters, unknown, withdrawn })
      : []
    const told = exporting(
      cluster,
      input,
      unknown.size > 0 ? undefined : (outcome?.conflicts ?? []),
    )
    if (wanted.length + told.length > 0) actions.set(cluster.name, [...wanted, ...told])
  }
  return { actions }
}

/** A name of a cluster becomes a label of DNS names and of objects. */
const isDnsLabel = (name: string) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)

function exporterOf({ name, isKnown, serviceExport, service }: ClusterView): Exporter[] {
  if (!isKnown || !serviceExport || serviceExport.metadata.deletionTimestamp) return []
  if (!service || service.spec.type === 'ExternalName' || !isDnsLabel(name)) return []
  return [{ cluster: name, serviceExport, service }]
}

/** Members of which imports tell that they export the service, and of whom nothing has been seen yet. */
function unknownExporters(clusters: readonly ClusterView[]): ReadonlySet<string> {
  const told = new Set(
    clusters.flatMap(({ serviceImport, imported }) => [
      ...(serviceImport?.status?.clusters ?? []).map(({ cluster }) => cluster),
      ...imported.map(sourceOf),
    ]),
  )
  return new Set(clusters.flatMap(({ name, isKnown }) => (!isKnown && told.has(name) ? name : [])))
}

const sourceOf = ({ metadata }: EndpointSlice): string => metadata.labels?.[SOURCE_CLUSTER] ?? ''

/** Clusters that are taken for dead, while others have endpoints: connections are not to be lost there. */
function withdrawnClusters(
  clusters: readonly ClusterView[],
  merged: MergedService | undefined,
): ReadonlySet<string> {
  const hasReady = (slices: readonly EndpointSlice[], isGood: (slice: EndpointSlice) => boolean) =>
    slices.some(
      slice =>
        isGood(slice) &&
        (slice.endpoints ?? []).some(({ conditions }) => conditions?.ready !== false),
    )
  const isServed = clusters.some(cluster => {
    const [exporter] = exporterOf(cluster)
    if (!exporter || cluster.state === 'Offline') return false
    return hasReady(cluster.slices, ({ ports = [] }) =>
      ports.length === 0
        ? true
        : ports.some(({ name }) => isOffered(name, exporter.service, merged?.ports ?? [])),
    )
  })
  if (!isServed) return new Set()
  return new Set(clusters.flatMap(({ name, state }) => (state === 'Offline' ? name : [])))
}

/** An import, read back as the service that it came of. */
function keptService(serviceImport: ServiceImport | undefined): MergedService | undefined {
  if (!serviceImport) return undefined
  const {
    type,
    ports,
    ips: _,
    ipFamilies = [],
    ...traffic
  } = serviceImport.spec as ServiceImportSpec
  const others = (map: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(
      Object.entries(map ?? {}).filter(
        ([key]) => !isOurs(key) && !key.startsWith('multicluster.kubernetes.io/'),
      ),
    )
  return {
    type,
    ports,
    traffic,
    ipFamilies: ipFamilies.length > 0 ? ipFamilies : ['IPv4'],
    labels: others(serviceImport.metadata.labels),
    annotations: others(serviceImport.metadata.annotations),
  }
}

interface Importing extends DecisionInput {
  readonly merged: MergedService | undefined
  readonly exporters: readonly Exporter[]
  readonly unknown: ReadonlySet<string>
  readonly withdrawn: ReadonlySet<string>
}

function importing(cluster: ClusterView, wish: Importing): Action[] {
  const { uid, namespace, name, merged } = wish
  const { serviceImport, derived, imported } = cluster
  if (serviceImport?.metadata.deletionTimestamp) return []
  if (!merged)
    return [
      ...removal(uid, importKind, serviceImport),
      ...removal(uid, serviceKind, derived),
      ...imported.flatMap(slice => removal(uid, endpointSlice, slice)),
    ]
  const place: Place = { uid, namespace, name, cluster: cluster.name }
  const isOurs = (object: KubernetesObject) => isOf(uid, object)
  const address = derived && isOurs(derived) ? derived : undefined
  const actions = written(uid, importKind, desiredImport(place, merged, address), serviceImport)
  // What is beside the import of somebody else is theirs, too.
  if (!serviceImport || !isOurs(serviceImport)) return actions
  actions.push(...derivedService(place, merged, serviceImport, derived))
  actions.push(...slices(cluster, place, wish, merged, serviceImport))
  const status = importStatus(cluster, wish, serviceImport)
  if (status) actions.push({ verb: 'tell', kind: importKind, object: serviceImport, status })
  return actions
}

function derivedService(
  place: Place,
  merged: MergedService,
  owner: ServiceImport,
  derived: Service | undefined,
): Action[] {
  if (merged.type === 'Headless') return removal(place.uid, serviceKind, derived)
  // The first family of a Service stays what it was.
  const [family] = derived?.spec.ipFamilies ?? []
  if (family && !merged.ipFamilies.includes(family)) return removal(place.uid, serviceKind, derived)
  return written(place.uid, serviceKind, desiredDerived(place, merged, owner), derived)
}

function slices(
  cluster: ClusterView,
  place: Place,
  { clusters, exporters, unknown, withdrawn, uid }: Importing,
  merged: MergedService,
  owner: ServiceImport,
): Action[] {
  const wanted = exporters.flatMap(({ cluster: source, service }) => {
    if (withdrawn.has(source)) return []
    const found = clusters.find(({ name }) => name === source)?.slices ?? []
    return exportedSlices(found).flatMap(
      slice => desiredSlice(place, merged, { cluster: source, service, slice }, owner) ?? [],
    )
  })
  const known = new Map(cluster.imported.map(slice => [slice.metadata.name, slice]))
  const actions = wanted.flatMap(desired =>
    written(uid, endpointSlice, desired, known.get(desired.metadata.name)),
  )
  const names = new Set(wanted.map(({ metadata }) => metadata.name))
  const gone = cluster.imported.filter(slice => {
    const source = sourceOf(slice)
    return !names.has(slice.metadata.name) && (!unknown.has(source) || withdrawn.has(source))
  })
  return [...actions, ...gone.flatMap(slice => removal(uid, endpointSlice, slice))]
}

const exportedSlices = (all: readonly EndpointSlice[]): readonly EndpointSlice[] =>
  all
    .filter(({ addressType }) => addressType !== 'FQDN')
    .sort((one, other) => ((one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1))
    .slice(0, MAXIMUM_SLICES)

function importStatus(
  { failure }: ClusterView,
  { exporters, unknown, nowMs }: Importing,
  serviceImport: ServiceImport,
): object | undefined {
  const { spec, status, metadata } = serviceImport
  const names = [...exporters.map(({ cluster }) => cluster), ...unknown].sort()
  const hasAddress = spec.type === 'Headless' || (spec.ips ?? []).length > 0
  const ready = hasAddress
    ? conditions.imported
    : failure !== undefined && /ipFamil|clusterIPs/.test(failure)
      ? conditions.wrongFamily(failure)
      : conditions.pending
  const before = status?.conditions
  const next = conditions.conditionsWith(before, [ready], metadata.generation, nowMs)
  const told = (status?.clusters ?? []).map(({ cluster }) => cluster).sort()
  if (!next && told.join() === names.join()) return undefined
  return { clusters: names.map(cluster => ({ cluster })), conditions: next ?? before }
}

/** `conflicts` is undefined where not all that export it are known. */
function exporting(
  { name: cluster, serviceExport, service, slices }: ClusterView,
  { name, clusters, nowMs }: DecisionInput,
  conflicts: readonly Conflict[] | undefined,
): Action[] {
  if (!serviceExport || serviceExport.metadata.deletionTimestamp) return []
  const valid = !service
    ? conditions.noService(name)
    : service.spec.type === 'ExternalName'
      ? conditions.wrongType
      : conditions.exportIsValid
  const isValid = valid === conditions.exportIsValid
  const failures = [
    ...(isDnsLabel(cluster) ? [] : [`the name ${cluster} of the cluster is no label of DNS names`]),
    ...(slices.length > MAXIMUM_SLICES
      ? [`of ${slices.length} EndpointSlices only ${MAXIMUM_SLICES} are exported`]
      : []),
    ...clusters.flatMap(({ name, failure }) =>
      failure === undefined ? [] : [`cluster ${name}: ${failure}`],
    ),
  ]
  const ready = !isValid
    ? conditions.notExported
    : failures.length > 0
      ? conditions.notEverywhere(failures)
      : conditions.exported
  const said = [valid, ready, ...(conflicts ? [conditions.conflict(isValid ? conflicts : [])] : [])]
  const { metadata, status } = serviceExport
  const next = conditions.conditionsWith(status?.conditions, said, metadata.generation, nowMs)
  if (!next) return []
  return [{ verb: 'tell', kind: exportKind, object: serviceExport, status: { conditions: next } }]
}

/** What of somebody else is in the place is not applied to: its creation fails, which is how that is told. */
function written(
  uid: string,
  kind: AnyKind,
  desired: KubernetesObject,
  copy: KubernetesObject | undefined,
): Action[] {
  if (copy?.metadata.deletionTimestamp) return []
  if (!copy || !isOf(uid, copy)) return [{ verb: 'create', kind, desired }]
  return isAsDesired(copy, desired) ? [] : [{ verb: 'apply', kind, desired, copy }]
}

function removal(uid: string, kind: AnyKind, copy: KubernetesObject | undefined): Action[] {
  if (!copy || copy.metadata.deletionTimestamp || !isOf(uid, copy)) return []
  return [{ verb: 'delete', kind, copy }]
}

/** The annotation counts, too: a label is easily lost. */
const isOf = (uid: string, { metadata: { labels, annotations } }: KubernetesObject): boolean =>
  labels?.[PLACED_BY] === uid || (annotations?.[APPLIED]?.endsWith(`@${uid}`) ?? false)
