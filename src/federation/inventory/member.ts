/** One member cluster: the way there, what was placed there as its watches tell it, and how it is. */
import { node as nodeKind } from '#api/core/v1/node.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import type { Informer } from '#client/informer.ts'
import { createInformers } from '#client/informers.ts'
import type { Transport } from '#client/transport.ts'
import { MANAGER, PLACED_BY } from '../names.ts'
import type { Health } from './health.ts'

/** The way to a member; whoever opened it closes it. */
export interface MemberConnection {
  readonly transport: Pick<Transport, 'request'>
  readonly server: string
  close(): Promise<void>
}

export interface MemberOptions {
  readonly name: string
  readonly connection: MemberConnection
  /** Of the federation. */
  readonly uid: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** A copy came, changed or went. */
  readonly changed: (kind: AnyKind, copy: KubernetesObject) => void
  /** All copies of a kind are known now. */
  readonly synced: () => void
}

/** A cluster that takes longer to say how it is, is not well. */
const PROBE_TIMEOUT_MS = 10_000
/** After that a cluster is told to be well even if not all copies in it are known. */
const SYNC_TIMEOUT_MS = 10_000
/** Zones and regions are looked for on so many nodes. */
const NODES_LOOKED_AT = 100

interface Followed {
  readonly informer: Informer<KubernetesObject>
  isSynced: boolean
  readonly end: () => void
}

export interface Facts {
  readonly version?: string
  readonly properties: Readonly<Record<string, string>>
}

export class Member {
  readonly name: string
  readonly client: Client
  readonly #options: MemberOptions
  readonly #informers: ReturnType<typeof createInformers>
  readonly #followed = new Map<AnyKind, Followed>()

  constructor(options: MemberOptions) {
    const { name, connection, clock, random, log } = options
    this.name = name
    this.#options = options
    // All that is called of a transport here is `request`.
    this.client = createClient(connection.transport, { userAgent: MANAGER })
    this.#informers = createInformers(this.client, {
      ...{ clock, random },
      log: log.with({ cluster: name }),
    })
  }

  /** Watches the copies of a kind from now on. */
  follow(kind: AnyKind): void {
    if (this.#followed.has(kind)) return
    const { changed, synced, uid } = this.#options
    const informer = this.#informers.for(kind, { labelSelector: `${PLACED_BY}=${uid}` })
    const end = informer.subscribe({
      changed: copy => changed(kind, copy),
      deleted: copy => changed(kind, copy),
    })
    const followed: Followed = { informer, isSynced: false, end }
    this.#followed.set(kind, followed)
    void informer.synced.then(() => {
      followed.isSynced = true
      synced()
    })
  }

  unfollow(kind: AnyKind): void {
    this.#followed.get(kind)?.end()
    this.#followed.delete(kind)
    this.#informers.release(kind)
  }

  /** Resolves when the copies of all these kinds are known, or after a while. */
  async synced(kinds: Iterable<AnyKind>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const all = [...kinds].map(kind => this.#followed.get(kind)?.informer.synced)
    const over = new AbortController()
    const end = () => over.abort()
    signal.addEventListener('abort', end, { once: true })
    void Promise.all(all).then(end)
    if (!signal.aborted) await sleep(clock, SYNC_TIMEOUT_MS, over.signal).catch(() => {})
    signal.removeEventListener('abort', end)
  }

  isSynced(kind: AnyKind): boolean {
    return this.#followed.get(kind)?.isSynced ?? false
  }

  copy(kind: AnyKind, key: string): KubernetesObject | undefined {
    return this.#followed.get(kind)?.informer.get(key)
  }

  /** Never rejects. */
  async probe(): Promise<Health> {
    const { connection, clock } = this.#options
    const controller = new AbortController()
    const cancel = clock.after(PROBE_TIMEOUT_MS, () =>
      controller.abort(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`)),
    )
    try {
      const { status } = await connection.transport.request({
        method: 'GET',
        path: '/readyz',
        signal: controller.signal,
      })
      if (status === 200) return { kind: 'healthy' }
      return { kind: 'unhealthy', why: `/readyz responded with ${status}` }
    } catch (error) {
      return { kind: 'unreachable', why: messageOf(error) }
    } finally {
      cancel()
    }
  }

  /** What may be told of it besides. Rejects where it does not answer. */
  async facts(): Promise<Facts> {
    const { gitVersion } = (await this.client.getPath('/version')) as { gitVersion?: unknown }
    const { items } = await this.client.list(nodeKind, { limit: NODES_LOOKED_AT })
    const values = (label: string) =>
      [...new Set(items.flatMap(({ metadata }) => metadata.labels?.[label] ?? []))].sort().join(',')
    const region = values('topology.kubernetes.io/region')
    const zone = values('topology.kubernetes.io/zone')
    return {
      ...(typeof gitVersion === 'string' ? { version: gitVersion } : {}),
      properties: {
        'cluster.clusterset.k8s.io': this.name,
        ...(region === '' ? {} : { 'topology.kubernetes.io/region': region }),
        ...(zone === '' ? {} : { 'topology.kubernetes.io/zone': zone }),
      },
    }
  }

  async stop(): Promise<void> {
    for (const { end } of this.#followed.values()) end()
    this.#informers.stop()
    await this.#options.connection.close()
  }
}
