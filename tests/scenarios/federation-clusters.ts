/** A federation for tests: a host and members in this process, with ways between them that can be cut. */
import assert from 'node:assert/strict'
import type { Clock } from '#base/clock.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import type {
  ApiRequest,
  ApiResponse,
  EventSource,
  Transport,
  WatchEvent,
} from '#client/transport.ts'
import { type Cluster, type ClusterOptions, startCluster } from '#index'
import {
  type ClusterProfile,
  clusterProfile,
} from '../../src/federation/inventory/cluster-profile.ts'
import { join } from '../../src/federation/inventory/join.ts'

export const MONITOR_PERIOD_MS = 5_000

export interface FederationWanted {
  readonly members: readonly string[]
  readonly clock: Clock
  readonly nodes?: number
  readonly labels?: (name: string) => Readonly<Record<string, string>>
  /** More of the host. */
  readonly host?: ClusterOptions
}

export class TestFederation {
  readonly members = new Map<string, Member>()
  readonly clock: Clock
  readonly #options: ClusterOptions
  host!: Cluster

  constructor(clock: Clock, more: ClusterOptions = {}) {
    this.clock = clock
    this.#options = {
      clock,
      ...more,
      federation: {
        monitorPeriodMs: MONITOR_PERIOD_MS,
        connect: async name => {
          const member = this.members.get(name)
          if (!member) throw new Error(`no cluster ${name}`)
          return { transport: member.way, server: `https://${name}`, close: async () => {} }
        },
      },
    }
  }

  static async start({ members, clock, nodes = 2, labels, host }: FederationWanted) {
    const federation = new TestFederation(clock, host)
    federation.host = await startCluster(federation.#options)
    for (const name of members) await federation.join(name, nodes, labels?.(name))
    await until('all well', () => federation.isWell())
    return federation
  }

  async join(name: string, nodes: number, labels: Readonly<Record<string, string>> = {}) {
    const member = new Member(name, this.clock, nodes)
    await member.start()
    this.members.set(name, member)
    await join(this.host.client, this.clock, {
      ...{ name, labels },
      kubeconfig: name,
      server: `https://${name}`,
    })
  }

  async isWell(): Promise<boolean> {
    const { items } = await this.host.client.list(clusterProfile)
    return items.every(item =>
      (item as unknown as ClusterProfile).status?.conditions?.some(
        ({ type, status }) => type === 'Ready' && status === 'True',
      ),
    )
  }

  get client(): Client {
    return this.host.client
  }

  member(name: string): Member {
    const member = this.members.get(name)
    if (!member) throw new Error(`no cluster ${name}`)
    return member
  }

  /** The host's process ends and begins anew, with what it had stored. */
  async restartHost(): Promise<void> {
    const snapshot = this.host.snapshot()
    const next = await this.host.fork(snapshot)
    await this.host.stop()
    this.host = next
  }

  async stop(): Promise<void> {
    await this.host.stop()
    for (const member of this.members.values()) await member.stop()
  }
}

export class Member {
  readonly name: string
  readonly way = new Way()
  readonly #options: ClusterOptions
  cluster!: Cluster

  constructor(name: string, clock: Clock, nodes: number) {
    this.name = name
    this.#options = { clock, nodes: { kind: 'hollow', count: nodes } }
  }

  async start(): Promise<void> {
    this.cluster = await startCluster(this.#options)
    this.way.to = this.cluster.transport
  }

  /** Its process is killed, and another one goes on with what was stored. */
  async restart(): Promise<void> {
    const snapshot = this.cluster.snapshot()
    const next = await this.cluster.fork(snapshot)
    this.way.cut('the process was killed')
    await this.cluster.stop()
    this.cluster = next
    this.way.to = next.transport
    this.way.mend()
  }

  get client(): Client {
    return createClient(this.cluster.transport)
  }

  stop(): Promise<void> {
    return this.cluster.stop()
  }
}

/** A transport that can be cut, watches and all. */
export class Way implements Transport {
  to: Transport | undefined
  #why: string | undefined
  readonly #watches = new Set<(error: Error) => void>()
  requests = 0

  cut(why = 'the way is cut'): void {
    this.#why = why
    for (const end of [...this.#watches]) end(new Error(why))
  }

  mend(): void {
    this.#why = undefined
  }

  get isCut(): boolean {
    return this.#why !== undefined
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    this.requests++
    if (this.#why !== undefined || !this.to) throw new Error(this.#why ?? 'nobody is there')
    const response = await this.to.request(request)
    // What was cut meanwhile was done, and nobody hears of it.
    if (this.#why !== undefined) throw new Error(this.#why)
    if (response.body.kind !== 'events') return response
    return { ...response, body: { kind: 'events', events: this.#cuttable(response.body.events) } }
  }

  #cuttable(events: EventSource<WatchEvent>): EventSource<WatchEvent> {
    return {
      subscribe: sink => {
        let over = false
        const finish = (error?: Error) => {
          if (over) return
          over = true
          this.#watches.delete(end)
          sink.end(error)
        }
        const end = (error: Error) => {
          cancel()
          finish(error)
        }
        this.#watches.add(end)
        const cancel = events.subscribe({
          next: event => (over ? undefined : sink.next(event)),
          end: finish,
        })
        return () => {
          over = true
          this.#watches.delete(end)
          cancel()
        }
      },
    }
  }
}

/** Real time, since a slow machine is no fault of the federation. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  limitMs = 60_000,
): Promise<void> {
  const giveUp = performance.now() + limitMs
  let last: unknown
  while (performance.now() < giveUp) {
    try {
      if (await isSo()) return
    } catch (error) {
      last = error
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  assert.fail(`${what} did not come about: ${String(last ?? '')}`)
}
