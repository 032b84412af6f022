/**
 * What one member shows of Services across clusters. Exports and imports are always watched; Services, their endpoints and namespaces only while there is
 * an export anywhere. The definitions and the properties by which a cluster knows its own name are brought along.
 */
import { namespace as namespaceKind } from '#api/core/v1/namespace.ts'
import { service as serviceKind } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { createInformers } from '#client/informers.ts'
import { ensureDefinitions } from '../inventory/ensure-definitions.ts'
import type { ClusterState } from '../inventory/health.ts'
import type { Member } from '../inventory/member.ts'
import { APPLIED, PLACED_BY } from '../names.ts'
import { CopyWriter, ForeignObject } from '../sync/copy-writer.ts'
import { digestOf } from '../sync/digest.ts'
import type { ClusterView } from './decide.ts'
import { definitionsOfMembers } from './definitions.ts'
import { derivedName } from './desired-objects.ts'
import {
  CLUSTER_ID,
  CLUSTERSET_ID,
  clusterProperty,
  LOCAL_SERVICE_NAME,
  SERVICE_NAME,
  type ServiceExport,
  type ServiceImport,
  serviceExport,
  serviceImport,
} from './kinds.ts'

export interface MemberServicesOptions {
  readonly member: Member
  /** Of the federation. */
  readonly uid: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Something of this service changed: `namespace/name`. */
  readonly wake: (key: string) => void
  /** Something that may concern every service: all of a kind is known now. */
  readonly wakeAll: () => void
  /** A namespace came or went. */
  readonly wakeWithin: (namespace: string) => void
  /** An export or an import came or went. */
  readonly counted: () => void
}

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
/** Of slices, by the service across clusters that they belong to. */
const BY_SERVICE = 'federation/service'

type Informers = ReturnType<typeof createInformers>

export class MemberServices {
  readonly member: Member
  readonly #options: MemberServicesOptions
  readonly #stopping = new AbortController()
  #outer: Informers | undefined
  #inner: Informers | undefined
  #isOuterKnown = false
  #isInnerKnown = false
  #beginning: Promise<void> = Promise.resolve()

  constructor(options: MemberServicesOptions) {
    this.member = options.member
    this.#options = options
  }

  start(): void {
    this.#beginning = this.#begin().catch(() => {})
  }

  /** How many exports and imports there are. */
  get count(): number {
    const outer = this.#outer
    if (!outer) return 0
    return outer.for(serviceExport).list().length + outer.for(serviceImport).list().length
  }

  /** Of a namespace, or all. */
  keys(namespace?: string): readonly string[] {
    const outer = this.#outer
    if (!outer) return []
    const [exports, imports] = [outer.for(serviceExport), outer.for(serviceImport)]
    return [...exports.list(namespace), ...imports.list(namespace)].map(keyOf)
  }

  has(key: string): boolean {
    const outer = this.#outer
    return Boolean(outer?.for(serviceExport).get(key) ?? outer?.for(serviceImport).get(key))
  }

  /** Watches, or no longer watches, what only matters where something is exported. */
  watchDetails(isWanted: boolean): void {
    if (isWanted === (this.#inner !== undefined)) return
    this.#isInnerKnown = false
    if (!isWanted) {
      this.#inner?.stop()
      this.#inner = undefined
      return
    }
    const inner = this.#informers(object => this.#trimmed(object))
    this.#inner = inner
    const { wake, wakeAll, wakeWithin } = this.#options
    const services = inner.for(serviceKind)
    const slices = inner.for(endpointSlice)
    const namespaces = inner.for(namespaceKind)
    slices.addIndex(BY_SERVICE, ofSlice)
    const toldBy = (keysOf: (object: KubernetesObject) => readonly string[]) => {
      const told = (object: KubernetesObject) => {
        for (const key of keysOf(object)) wake(key)
      }
      return { changed: told, deleted: told }
    }
    services.subscribe(toldBy(ofService))
    slices.subscribe(toldBy(ofSlice))
    const toldOf = ({ metadata }: KubernetesObject) => wakeWithin(metadata.name ?? '')
    namespaces.subscribe({ changed: toldOf, deleted: toldOf })
    void Promise.all([services.synced, slices.synced, namespaces.synced]).then(() => {
      if (this.#inner !== inner) return
      this.#isInnerKnown = true
      wakeAll()
    })
  }

  view(state: ClusterState, namespace: string, name: string): ClusterView {
    const key = `${namespace}/${name}`
    const { member } = this
    const [outer, inner] = [this.#outer, this.#inner]
    const isKnown = this.#isOuterKnown && this.#isInnerKnown
    if (!outer || !inner || !isKnown) return unseen(member.name, state)
    const all = inner.for(endpointSlice).by(BY_SERVICE, key)
    const within = inner.for(namespaceKind).get(namespace)
    const services = inner.for(serviceKind)
    return {
      ...{ name: member.name, state, isKnown },
      hasNamespace: within !== undefined && within.metadata.deletionTimestamp === undefined,
      serviceExport: outer.for(serviceExport).get(key) as ServiceExport | undefined,
      serviceImport: outer.for(serviceImport).get(key) as ServiceImport | undefined,
      service: services.get(key),
      derived: services.get(`${namespace}/${derivedName(namespace, name)}`),
      slices: all.filter(slice => !isImported(slice)),
      imported: all.filter(isImported),
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#inner?.stop()
    this.#outer?.stop()
    await this.#beginning
  }

  async #begin(): Promise<void> {
    const { clock, log, member, wake, wakeAll, counted } = this.#options
    const { signal } = this.#stopping
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await ensureDefinitions(member.client, definitionsOfMembers, clock, signal)
        await this.#tellItsName()
        break
      } catch (error) {
        if (signal.aborted) return
        log.info('a cluster cannot take part in Services across clusters yet', {
          cluster: member.name,
          error: messageOf(error),
        })
        await sleep(clock, pauseMs, signal)
      }
    }
    if (signal.aborted) return
    const outer = this.#informers(object => object)
    this.#outer = outer
    const [exports, imports] = [outer.for(serviceExport), outer.for(serviceImport)]
    const told = (object: KubernetesObject) => {
      counted()
      wake(keyOf(object))
    }
    exports.subscribe({ changed: told, deleted: told })
    imports.subscribe({ changed: told, deleted: told })
    await Promise.all([exports.synced, imports.synced])
    this.#isOuterKnown = true
    counted()
    wakeAll()
  }

  #informers(keep: (object: KubernetesObject) => KubernetesObject): Informers {
    const { member, clock, random, log } = this.#options
    return createInformers(member.client, {
      ...{ clock, random, keep },
      log: log.with({ cluster: member.name }),
    })
  }

  /** Who wrote which field is asked only of what is ours. */
  #trimmed(object: KubernetesObject): KubernetesObject {
    const { metadata } = object
    if (metadata.labels?.[PLACED_BY] !== undefined) return object
    const { managedFields: _, ...rest } = metadata
    return { ...object, metadata: rest }
  }

  /** What somebody else has said of the cluster stays. */
  async #tellItsName(): Promise<void> {
    const { member, uid, log } = this.#options
    const writer = new CopyWriter(uid)
    const kind: AnyKind = clusterProperty
    for (const [name, value] of [
      [CLUSTER_ID, member.name],
      [CLUSTERSET_ID, uid],
    ] as const) {
      const spec = { value }
      const said = {
        apiVersion: 'about.k8s.io/v1beta1',
        kind: kind.kind,
        metadata: {
          name,
          labels: { [PLACED_BY]: uid },
          annotations: { [APPLIED]: `${digestOf(spec)}@${uid}` },
        },
        spec,
      } as unknown as KubernetesObject
      await writer.create(member.client, kind, said).catch(error => {
        if (!(error instanceof ForeignObject)) throw error
        log.info('a cluster has a name in a clusterset that the federation did not give it', {
          ...{ cluster: member.name, property: name },
        })
      })
    }
  }
}

/** A cluster to which there is no way, or of which nothing has been seen yet. */
export const unseen = (name: string, state: ClusterState): ClusterView => ({
  ...{ name, state, isKnown: false, hasNamespace: false, slices: [], imported: [] },
})

const isImported = ({ metadata }: KubernetesObject): boolean =>
  metadata.labels?.[SERVICE_NAME] !== undefined

/** The service across clusters that a slice belongs to, if any: its own Service's, or the one that it was imported for. */
function ofSlice({ metadata }: KubernetesObject): readonly string[] {
  const { namespace, labels = {} } = metadata
  const name = labels[SERVICE_NAME] ?? labels[LOCAL_SERVICE_NAME]
  return name === undefined ? [] : [`${namespace}/${name}`]
}

const ofService = ({ metadata }: KubernetesObject): readonly string[] => [
  `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME] ?? metadata.name}`,
]
