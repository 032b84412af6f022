/** Follows APIServices. All that those of other servers need is loaded with the first of them. */
import type { ApiService } from '#api/apiregistration/v1/api-service.ts'
import { sleep } from '#base/clock.ts'
import type { ServerContext } from '../server-context.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import type { Aggregator } from './aggregator.ts'
import type { FrontProxy } from './target.ts'

const LOCAL_DELAY_MS = 200

/** The returned function ends it. */
export function followApiServices(server: ServerContext, proxy: FrontProxy): () => void {
  const cache = server.registry.find('apiregistration.k8s.io', 'v1', 'apiservices')?.storage?.cache
  if (!cache) return () => {}
  const follower = new Follower(server, cache, proxy)
  follower.start()
  return () => follower.stop()
}

class Follower {
  readonly #server: ServerContext
  readonly #cache: ResourceCache
  readonly #proxy: FrontProxy
  #loading: Promise<void> | undefined
  #loaded: Aggregator | undefined
  #unfollow = () => {}
  readonly #stopping = new AbortController()
  #isOver = false

  constructor(server: ServerContext, cache: ResourceCache, proxy: FrontProxy) {
    this.#server = server
    this.#cache = cache
    this.#proxy = proxy
  }

  start(): void {
    if (this.#isOver) return
    this.#unfollow = this.#cache.watchers.add({
      filter: { namespace: '' },
      notify: ({ current: { object } }) => this.#changed(object as ApiService),
      end: () => queueMicrotask(() => this.start()),
    })
    for (const { object } of this.#cache.list('')) this.#changed(object as ApiService)
  }

  stop(): void {
    this.#isOver = true
    this.#stopping.abort()
    this.#unfollow()
    this.#loaded?.stop()
  }

  #changed({ metadata: { name = '' }, spec }: ApiService): void {
    if (this.#loaded) this.#loaded.changed(name)
    // Whatever came meanwhile is looked at when it is loaded.
    else if (spec.service) this.#loading ??= this.#load(this.#isLocal(spec.service))
  }

  #isLocal({ namespace = '', name = '' }: NonNullable<ApiService['spec']['service']>): boolean {
    return this.#proxy.localServer?.({ namespace, name }) !== undefined
  }

  async #load(isLocal: boolean): Promise<void> {
    // What is in this process runs a moment after it.
    if (isLocal)
      await sleep(this.#server.clock, LOCAL_DELAY_MS, this.#stopping.signal).catch(() => {})
    if (this.#isOver) return
    const { Aggregator } = await import('./aggregator.ts')
    if (this.#isOver) return
    this.#loaded = new Aggregator(this.#server, this.#cache, this.#proxy)
    for (const { object } of this.#cache.list('')) this.#changed(object as ApiService)
  }
}
