/** The versions of the API that other servers serve: what their APIServices say, and what is known of them. */
import type { ApiService } from '#api/apiregistration/v1/api-service.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Rank } from '../bootstrap/api-service-ranks.ts'
import type { Exchange } from '../exchange.ts'

export interface RemoteVersion {
  readonly group: string
  readonly version: string
  readonly rank: Rank
  /** Passes a request on, or says that this cannot be done now. */
  handle(exchange: Exchange): Promise<ApiResponse>
  /** What the server last said that it serves; empty where it never said anything. */
  readonly discovered: Discovered
  /** The hash of its OpenAPI v3 document; undefined where there is none. */
  readonly openApiHash: string | undefined
  /** Its OpenAPI v2 document, where it has one. */
  readonly openApiV2: Readonly<Record<string, unknown>> | undefined
}

export interface Discovered {
  /** APIResourceDiscovery of apidiscovery.k8s.io/v2. */
  readonly resources: readonly object[]
  /** What is known may be out of date. */
  readonly isStale: boolean
}

export class Remotes {
  readonly #byVersion = new Map<string, RemoteVersion>()
  /** Grows whenever something is known anew. */
  revision = 0

  get size(): number {
    return this.#byVersion.size
  }

  find(group: string, version: string): RemoteVersion | undefined {
    // Mostly there are none, and every request asks.
    if (this.#byVersion.size === 0) return undefined
    return this.#byVersion.get(`${group}/${version}`)
  }

  set(remote: RemoteVersion): void {
    this.#byVersion.set(`${remote.group}/${remote.version}`, remote)
    this.revision++
  }

  delete(group: string, version: string): void {
    if (this.#byVersion.delete(`${group}/${version}`)) this.revision++
  }

  [Symbol.iterator](): IterableIterator<RemoteVersion> {
    return this.#byVersion.values()
  }
}

/** Which version of which group a remote APIService is about. */
export function versionOf({ spec }: ApiService): { group: string; version: string } {
  return { group: spec.group ?? '', version: spec.version ?? '' }
}
