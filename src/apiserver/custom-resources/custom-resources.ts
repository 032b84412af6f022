/** Follows the definitions of custom resources. All that they need is loaded with the first of them. */
import type { Entry } from '#store'
import { isStored, type StoredResource } from '../resources/registry.ts'
import type { ServerContext } from '../server-context.ts'
import type { Lifecycle } from './lifecycle.ts'

export class CustomResources {
  readonly #server: ServerContext
  readonly #definitions: StoredResource | undefined
  #lifecycle: Promise<Lifecycle> | undefined
  #loaded: Lifecycle | undefined
  #unfollow = () => {}
  #isStopped = false

  constructor(server: ServerContext) {
    this.#server = server
    const found = server.registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
    this.#definitions = found && isStored(found) ? found : undefined
  }

  /** Before the cache reads the store: what is defined there already is served from the start. */
  async restore(entries: readonly Entry[]): Promise<void> {
    const prefix = this.#definitions?.storage.prefix
    if (prefix === undefined || !entries.some(({ key }) => key.startsWith(prefix))) return
    await (await this.#load())?.restore(entries)
  }

  /** After the cache read the store. */
  start(): void {
    const cache = this.#definitions?.storage.cache
    if (!cache || this.#isStopped) return
    this.#unfollow = cache.watchers.add({
      filter: { namespace: '' },
      notify: ({ current }) => this.#changed(current.object.metadata.name ?? ''),
      // The cache reads everything anew, and has done so when this runs.
      end: () => queueMicrotask(() => this.start()),
    })
    for (const { object } of cache.list('')) this.#changed(object.metadata.name ?? '')
  }

  stop(): void {
    this.#isStopped = true
    this.#unfollow()
    this.#loaded?.stop()
  }

  #changed(name: string): void {
    if (this.#loaded) this.#loaded.changed(name)
    else void this.#load()?.then(lifecycle => lifecycle.changed(name))
  }

  #load(): Promise<Lifecycle> | undefined {
    const definitions = this.#definitions
    if (!definitions) return undefined
    this.#lifecycle ??= import('./lifecycle.ts').then(({ Lifecycle }) => {
      this.#loaded = new Lifecycle(this.#server, definitions)
      if (this.#isStopped) this.#loaded.stop()
      return this.#loaded
    })
    return this.#lifecycle
  }
}
