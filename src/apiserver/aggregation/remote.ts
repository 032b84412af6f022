/** One APIService that leads to another server: is it well, what does it serve, and the way to it. */
import type { ApiService } from '#api/apiregistration/v1/api-service.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf } from '#base/errors.ts'
import { KeptConnections } from '#client/forwarding/kept-connections.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Exchange } from '../exchange.ts'
import { JSON_TYPE } from '../media-type.ts'
import type { ServerContext } from '../server-context.ts'
import { failedCheck, type Outcome, PASSED, referenceOf } from './availability.ts'
import { discoverResources, jsonIn } from './discovery.ts'
import { AGGREGATOR, OPENAPI_READER } from './identity.ts'
import { passOn } from './pass-on.ts'
import { type Discovered, type RemoteVersion, versionOf } from './remotes.ts'
import { type Answer, askFor, type FrontProxy, localServerOf, reach } from './target.ts'

/** Endpoints of one service differ in their health; one that is well is enough. */
const FURTHER_ATTEMPTS = 4

export class Remote implements RemoteVersion {
  readonly group: string
  readonly version: string
  discovered: Discovered = { resources: [], isStale: true }
  openApiHash: string | undefined
  openApiV2: Readonly<Record<string, unknown>> | undefined
  service: ApiService
  readonly connections = new KeptConnections()
  readonly #server: ServerContext
  readonly #proxy: FrontProxy

  constructor(service: ApiService, server: ServerContext, proxy: FrontProxy) {
    const { group, version } = versionOf(service)
    this.group = group
    this.version = version
    this.service = service
    this.#server = server
    this.#proxy = proxy
  }

  get rank() {
    const { groupPriorityMinimum, versionPriority } = this.service.spec
    return { group: groupPriorityMinimum, version: versionPriority }
  }

  /** It is a part of this process, so that no record of the cluster tells where it is. */
  get isLocal(): boolean {
    const reference = referenceOf(this.service)
    return (
      reference !== undefined && localServerOf(this.#server, this.#proxy, reference) !== undefined
    )
  }

  /** `apis/example.com/v1` */
  get path(): string {
    return this.group === '' ? `api/${this.version}` : `apis/${this.group}/${this.version}`
  }

  handle(exchange: Exchange): Promise<ApiResponse> {
    const isDocument = exchange.info.path.startsWith('/openapi/')
    // Nobody but who asks for himself gets a connection: this is the aggregator's own name.
    const asked = isDocument ? { ...exchange, user: OPENAPI_READER, wantsStream: false } : exchange
    return passOn(asked, this, this.#proxy)
  }

  /** Asks whether it is there at all. */
  async probe(): Promise<Outcome> {
    try {
      await this.#try().catch(() =>
        Promise.any(Array.from({ length: FURTHER_ATTEMPTS }, () => this.#try())),
      )
      return PASSED
    } catch (error) {
      const last = error instanceof AggregateError ? error.errors.at(-1) : error
      return failedCheck(messageOf(last))
    }
  }

  async #try(): Promise<void> {
    const reached = this.#reach(AGGREGATOR)
    const url = `${reached.url}/${this.path}`
    try {
      const { status } = await askFor(reached, this.#server, `/${this.path}`, JSON_TYPE)
      if (status < 200 || status > 299) throw new Error(`bad status from ${url}: ${status}`)
    } catch (error) {
      throw new Error(`failing or missing response from ${url}: ${messageOf(error)}`)
    }
  }

  /** Learns anew what it serves; what was known before stays where that fails. True where something is known anew. */
  async learn(): Promise<boolean> {
    const before = JSON.stringify([this.discovered, this.openApiHash])
    try {
      const resources = await discoverResources((path, accept) => this.#ask(path, accept), this)
      this.discovered = { resources, isStale: false }
    } catch {
      this.discovered = { ...this.discovered, isStale: true }
    }
    if (!this.discovered.isStale) await this.#learnOpenApi()
    return before !== JSON.stringify([this.discovered, this.openApiHash])
  }

  /** Many servers have none, or only the older form. */
  async #learnOpenApi(): Promise<void> {
    const known = this.openApiHash
    try {
      const { paths } = jsonIn(await this.#document('/openapi/v3'))
      const entry = isPlainObject(paths) ? paths[this.path] : undefined
      const url = isPlainObject(entry) ? String(entry.serverRelativeURL ?? '') : ''
      this.openApiHash = new URLSearchParams(url.split('?')[1] ?? '').get('hash') ?? undefined
    } catch {
      this.openApiHash = undefined
    }
    if (this.openApiV2 && this.openApiHash !== undefined && known === this.openApiHash) return
    try {
      this.openApiV2 = jsonIn(await this.#document('/openapi/v2'))
    } catch {
      this.openApiV2 = undefined
    }
  }

  async #document(path: string): Promise<Answer> {
    const answer = await this.#ask(path, JSON_TYPE, OPENAPI_READER)
    if (answer.status !== 200) throw new Error(`it answered with ${answer.status}`)
    return answer
  }

  async #ask(path: string, accept: string, user: UserInfo = AGGREGATOR): Promise<Answer> {
    const reached = this.#reach(user)
    return askFor(reached, this.#server, path, accept)
  }

  #reach(user: UserInfo) {
    const { service, connections } = this
    return reach(this.#server, this.#proxy, { service, connections, user })
  }
}
