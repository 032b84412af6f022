/** Services become packet rules: watches Services, EndpointSlices and this node's pods, and keeps one nftables table. The door of the room. */
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { messageOf } from '#base/errors.ts'
import type { Informers } from '#client/informer.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { command, tryCommand } from '#host/command.ts'
import { type Ruleset, rulesetOf } from './ruleset.ts'
import { hostPortsOf, servicePortsOf } from './service-ports.ts'
import { transaction } from './transaction.ts'

export interface ProxyOptions {
  readonly nodeName: string
  readonly clusterCidr: string
  /** The nftables table, of family ip, that belongs to this proxy alone. */
  readonly table: string
}

/** Changes that come within this time are written together. */
const GATHER_MS = 20
/** After a failed write the whole table is written anew, a little later each time. */
const RETRY_MS = [200, 1000, 5000, 30_000] as const

const SERVICE_INDEX = 'proxy/service'

/** Resolves once the first complete table is in the kernel. */
export async function startProxy(context: RoleContext, options: ProxyOptions): Promise<Running> {
  const wanted = wantedRules(context.informers, options)
  await wanted.synced
  const writer = new Writer(context, options, wanted.rules)
  const ends = wanted.subscribe(() => writer.changed())
  await writer.firstWrite
  return {
    stop: async () => {
      for (const end of ends) end()
      await writer.stop()
    },
  }
}

/** Removes the table; harmless where there is none. */
export async function removeProxyRules(table: string): Promise<void> {
  await tryCommand('nft', ['delete', 'table', 'ip', table]).catch(() => undefined)
}

function wantedRules(informers: Informers, { nodeName, clusterCidr }: ProxyOptions) {
  const services = informers.for(service)
  const slices = informers.for(endpointSlice)
  const pods = informers.for(pod, { fieldSelector: `spec.nodeName=${nodeName}` })
  slices.addIndex(SERVICE_INDEX, slice => [
    `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
  ])
  return {
    synced: Promise.all([services.synced, slices.synced, pods.synced]),
    rules: (): Ruleset => {
      const ports = services
        .list()
        .flatMap(service =>
          servicePortsOf(
            service,
            slices.by(SERVICE_INDEX, `${service.metadata.namespace}/${service.metadata.name}`),
            nodeName,
          ),
        )
      return rulesetOf(ports, pods.list().flatMap(hostPortsOf), { clusterCidr })
    },
    subscribe: (changed: () => void) => {
      const listener = { changed, deleted: changed }
      return [services.subscribe(listener), slices.subscribe(listener), pods.subscribe(listener)]
    },
  }
}

/** Writes the newest wanted rules, one transaction at a time; what changes meanwhile goes into the next. */
class Writer {
  readonly #context: RoleContext
  readonly #options: ProxyOptions
  readonly #rules: () => Ruleset
  /** What the kernel holds; undefined when that is unknown. */
  #applied: Ruleset | undefined
  #cancelTimer: (() => void) | undefined
  #writing: Promise<void> | undefined
  #dirty = false
  #failures = 0
  #stopped = false
  readonly firstWrite: Promise<void>
  #firstDone: () => void = () => {}

  constructor(context: RoleContext, options: ProxyOptions, rules: () => Ruleset) {
    this.#context = context
    this.#options = options
    this.#rules = rules
    this.firstWrite = new Promise(resolve => {
      this.#firstDone = resolve
    })
    this.#schedule(0)
  }

  changed(): void {
    this.#dirty = true
    if (!this.#writing && this.#failures === 0) this.#schedule(GATHER_MS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#firstDone()
    await this.#writing
  }

  #schedule(delayMs: number): void {
    if (this.#cancelTimer || this.#stopped) return
    this.#cancelTimer = this.#context.clock.after(delayMs, () => {
      this.#cancelTimer = undefined
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined
        if (this.#failures > 0)
          this.#schedule(RETRY_MS[Math.min(this.#failures, RETRY_MS.length) - 1] ?? 0)
        else if (this.#dirty) this.#schedule(GATHER_MS)
      })
    })
  }

  async #write(): Promise<void> {
    this.#dirty = false
    const next = this.#rules()
    const script = transaction(this.#options.table, this.#applied, next)
    try {
      if (script) await command('nft', ['-f', '-'], { input: script })
      this.#applied = next
      this.#failures = 0
      this.#firstDone()
    } catch (error) {
      this.#applied = undefined
      this.#failures++
      this.#context.log.error('service rules could not be written; trying again', {
        component: 'proxy',
        error: messageOf(error),
      })
    }
  }
}
