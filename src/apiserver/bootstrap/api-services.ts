/**
 * An APIService for each version of each group that this server serves itself, as programs look them up. Those of built-in groups are
 * set right once, at the start, and are then whoever's wants to change them; those of custom resources follow their definitions.
 */
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { ApiService } from '#api/apiregistration/v1/api-service.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { isEqual } from '../resources/equal.ts'
import type { ServerContext } from '../server-context.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import { CUSTOM_RANK, type Rank, rankOf } from './api-service-ranks.ts'
import { settleAfterChanges } from './settling.ts'
import { Writer } from './writer.ts'

const GROUP = 'apiregistration.k8s.io'
const PLURAL = 'apiservices'
const EXTENSIONS = 'apiextensions.k8s.io'
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged'
const AT_START = 'onstart'
const ALWAYS = 'true'
/** Nobody waits for them at a start, when there is other work; changes come in bursts. */
const SETTLE_MS = 200
const RETRY_MS = 1_000

/** Begins a moment later; the returned function ends it, and is over when the last write is. */
export function keepApiServices(server: ServerContext): () => Promise<void> {
  const { clock, registry } = server
  const services = registry.find(GROUP, 'v1', PLURAL)?.storage?.cache
  if (!services) return async () => {}
  const definitions = registry.find(EXTENSIONS, 'v1', 'customresourcedefinitions')?.storage?.cache
  const keeper = new Keeper(server, services, definitions)
  return settleAfterChanges({
    clock,
    caches: definitions ? [services, definitions] : [services],
    delayMs: SETTLE_MS,
    settle: () => keeper.settle(),
  })
}

class Keeper {
  readonly #server: ServerContext
  readonly #services: ResourceCache
  readonly #definitions: ResourceCache | undefined
  readonly #writer: Writer
  #isFirst = true

  constructor(server: ServerContext, services: ResourceCache, definitions?: ResourceCache) {
    this.#server = server
    this.#services = services
    this.#definitions = definitions
    this.#writer = new Writer(server)
  }

  /** After how many milliseconds to try again what failed; undefined if nothing did. */
  async settle(): Promise<number | undefined> {
    const wanted = new Map<string, ApiService>()
    if (this.#isFirst) for (const each of builtIn(this.#server)) wanted.set(nameOf(each), each)
    for (const each of this.#custom()) wanted.set(nameOf(each), each)
    const present = this.#services.list('').map(({ object }) => object as ApiService)
    const results = await Promise.allSettled([
      ...present.map(service => this.#mend(service, wanted)),
      ...[...wanted.values()].map(each => this.#writer.ensure(GROUP, PLURAL, each)),
    ])
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed) {
      const { reason } = failed as PromiseRejectedResult
      this.#server.log.warn('an APIService could not be written', { error: messageOf(reason) })
      return RETRY_MS
    }
    this.#isFirst = false
    return undefined
  }

  /** Sets right, or removes, one that is ours. */
  async #mend(service: ApiService, wanted: ReadonlyMap<string, ApiService>): Promise<void> {
    const managed = service.metadata.labels?.[MANAGED]
    if (managed !== ALWAYS && !(managed === AT_START && this.#isFirst)) return
    const right = wanted.get(nameOf(service))
    if (right && isEqual(service.spec, right.spec)) return
    try {
      if (right)
        await this.#writer.put(GROUP, PLURAL, { ...service, spec: right.spec } as ApiService)
      else await this.#writer.remove(GROUP, PLURAL, service)
    } catch (thrown) {
      // Somebody else was faster; what is then is looked at anew.
      if (!isStatus(thrown, 'NotFound', 'Conflict')) throw thrown
    }
  }

  #custom(): ApiService[] {
    const definitions = this.#definitions?.list('') ?? []
    return definitions.flatMap(({ object }) => {
      const { spec, metadata } = object as unknown as CustomResourceDefinition
      if (metadata.deletionTimestamp) return []
      return spec.versions
        .filter(({ served }) => served)
        .map(({ name }) => serviceOf(spec.group, name, CUSTOM_RANK, ALWAYS))
    })
  }
}

const nameOf = ({ metadata }: ApiService) => metadata.name ?? ''

function builtIn({ registry }: ServerContext): ApiService[] {
  return [...registry.versions()].flatMap(({ group, version, resources }) => {
    if (resources.every(({ kind }) => kind.custom)) return []
    const rank = rankOf(group, version)
    return rank ? [serviceOf(group, version, rank, AT_START)] : []
  })
}

function serviceOf(group: string, version: string, rank: Rank, managed: string): ApiService {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels: { [MANAGED]: managed } },
    spec: {
      ...(group ? { group } : {}),
      version,
      groupPriorityMinimum: rank.group,
      versionPriority: rank.version,
    },
    status: {},
  }
}
