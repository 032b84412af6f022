/**
 * Looks after the APIServices that lead to other servers: says in their status whether they can be used, and learns what they serve.
 * Each is looked at when it or its service changes, again after a failure, and every half minute, since networks tell nobody.
 */
import type { ApiService } from '#api/apiregistration/v1/api-service.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { Writer } from '../bootstrap/writer.ts'
import type { ServerContext } from '../server-context.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import { conditionsAfter, LOCAL, lacks, type Outcome, referenceOf } from './availability.ts'
import { Remote } from './remote.ts'
import { versionOf } from './remotes.ts'
import type { FrontProxy } from './target.ts'

const GROUP = 'apiregistration.k8s.io'
const PLURAL = 'apiservices'
const RECHECK_MS = 30_000
/** The first retry, and how it grows. */
const RETRY_MS = 50
/** Changes come in bursts: a service, its slice, its pods. */
const SETTLE_MS = 5
const SERVICE_LABEL = 'kubernetes.io/service-name'

interface Watched {
  readonly remote: Remote
  cancel: () => void
  isRunning: boolean
  /** Something changed while it was looked at. */
  isAgain: boolean
  failures: number
}

export class Aggregator {
  readonly #server: ServerContext
  readonly #services: ResourceCache
  readonly #proxy: FrontProxy
  readonly #writer: Writer
  readonly #watched = new Map<string, Watched>()
  readonly #unfollow = new Map<ResourceCache, () => void>()
  #isOver = false

  constructor(server: ServerContext, services: ResourceCache, proxy: FrontProxy) {
    this.#server = server
    this.#services = services
    this.#proxy = proxy
    this.#writer = new Writer(server)
    this.#follow('', 'services', ({ metadata }) => metadata.name)
    this.#follow(
      'discovery.k8s.io',
      'endpointslices',
      ({ metadata }) => metadata.labels?.[SERVICE_LABEL],
    )
  }

  /** An APIService came, changed or went. */
  changed(name: string): void {
    if (this.#isOver) return
    const service = this.#services.get('', name)?.object as ApiService | undefined
    if (!service?.spec.service) {
      this.#forget(name)
      if (service) this.#writeSoon(service, LOCAL)
      return
    }
    const known = this.#watched.get(name)
    if (known && isSameWay(known.remote.service, service)) {
      known.remote.service = service
      return
    }
    this.#forget(name)
    const remote = new Remote(service, this.#server, this.#proxy)
    const watched = { remote, cancel: () => {}, isRunning: false, isAgain: false, failures: 0 }
    this.#watched.set(name, watched)
    this.#server.remotes.set(remote)
    this.#lookSoon(name, watched, SETTLE_MS)
  }

  stop(): void {
    this.#isOver = true
    for (const unfollow of this.#unfollow.values()) unfollow()
    for (const { cancel, remote } of this.#watched.values()) {
      cancel()
      remote.connections.close()
    }
  }

  #forget(name: string): void {
    const watched = this.#watched.get(name)
    if (!watched) return
    watched.cancel()
    watched.remote.connections.close()
    this.#watched.delete(name)
    this.#server.remotes.delete(watched.remote.group, watched.remote.version)
  }

  #follow(
    group: string,
    plural: string,
    serviceOf: (object: { metadata: ApiService['metadata'] }) => string | undefined,
  ): void {
    const cache = this.#server.registry.find(group, 'v1', plural)?.storage?.cache
    if (!cache || this.#isOver) return
    const end = cache.watchers.add({
      filter: { namespace: '' },
      notify: ({ current: { object } }) =>
        this.#serviceChanged(object.metadata.namespace, serviceOf(object)),
      end: () => queueMicrotask(() => this.#follow(group, plural, serviceOf)),
    })
    this.#unfollow.set(cache, end)
  }

  #serviceChanged(namespace: string | undefined, name: string | undefined): void {
    for (const [own, watched] of this.#watched) {
      const reference = referenceOf(watched.remote.service)
      if (reference?.namespace !== namespace || reference?.name !== name) continue
      // Where they lead may be nobody's any more, or somebody else's.
      watched.remote.connections.drop()
      this.#lookSoon(own, watched, SETTLE_MS)
    }
  }

  #lookSoon(name: string, watched: Watched, delayMs: number): void {
    if (watched.isRunning) {
      watched.isAgain = true
      return
    }
    watched.cancel()
    watched.cancel = this.#server.clock.after(delayMs, () => void this.#look(name, watched))
  }

  async #look(name: string, watched: Watched): Promise<void> {
    watched.isRunning = true
    watched.isAgain = false
    const { remote } = watched
    try {
      const outcome = await this.#outcomeOf(remote)
      if (outcome.status !== 'True') remote.connections.drop()
      if (this.#isStill(name, watched)) {
        await this.#write(remote.service, outcome)
        // Not counted among the failures: it is told by the group's staleness, and many serve no such documents.
        if ((await remote.learn()) && this.#isStill(name, watched)) this.#server.remotes.set(remote)
      }
      watched.failures = outcome.status === 'True' ? 0 : watched.failures + 1
    } catch (error) {
      watched.failures++
      if (!this.#isOver)
        this.#server.log.warn('an APIService could not be looked after', {
          name,
          error: messageOf(error),
        })
    }
    watched.isRunning = false
    if (!this.#isStill(name, watched)) return
    const { failures, isAgain } = watched
    const retry = Math.min(RETRY_MS * 2 ** Math.min(failures - 1, 20), RECHECK_MS)
    this.#lookSoon(name, watched, isAgain ? SETTLE_MS : failures > 0 ? retry : RECHECK_MS)
  }

  #isStill(name: string, watched: Watched): boolean {
    return !this.#isOver && this.#watched.get(name) === watched
  }

  async #outcomeOf(remote: Remote): Promise<Outcome> {
    const reference = referenceOf(remote.service)
    if (!reference) return LOCAL
    const { webhooks: world } = this.#server
    if (remote.isLocal) return remote.probe()
    const { namespace, name } = reference
    const slices = world.endpointSlices(namespace, name)
    return lacks(reference, world.service(namespace, name), slices) ?? (await remote.probe())
  }

  #writeSoon(service: ApiService, outcome: Outcome): void {
    this.#write(service, outcome).catch((error: unknown) => {
      if (!this.#isOver)
        this.#server.log.warn('the status of an APIService could not be written', {
          name: service.metadata.name,
          error: messageOf(error),
        })
    })
  }

  async #write(service: ApiService, outcome: Outcome): Promise<void> {
    const now = rfc3339(this.#server.clock.now())
    const { name = '', uid } = service.metadata
    const latest = this.#services.get('', name)?.object as ApiService | undefined
    if (!latest || !conditionsAfter(latest, outcome, now)) return
    await this.#writer.putStatus(GROUP, PLURAL, name, draft => {
      const conditions = conditionsAfter(draft as ApiService, outcome, now)
      if (draft.metadata.uid === uid && conditions) (draft as ApiService).status = { conditions }
    })
    const written = this.#services.get('', name)?.object as ApiService | undefined
    const watched = this.#watched.get(name)
    if (written && watched) watched.remote.service = written
  }
}

/** What was learned holds on: only its status or metadata changed. */
function isSameWay(one: ApiService, other: ApiService): boolean {
  const [a, b] = [versionOf(one), versionOf(other)]
  return (
    one.metadata.uid === other.metadata.uid &&
    a.group === b.group &&
    a.version === b.version &&
    JSON.stringify(one.spec) === JSON.stringify(other.spec)
  )
}
