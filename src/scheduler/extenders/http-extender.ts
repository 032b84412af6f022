/** An extender behind a URL, asked as upstream asks: one POST a verb. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { stringifyJson } from '#api/machinery/exact-json.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { createUrlPoster, type UrlPoster, type UrlTrust } from '#client/webhooks/url-poster.ts'
import type { Extender } from '../framework/extender.ts'
import type { ExtenderConfiguration, ExtenderTls } from './configuration.ts'
import {
  bindingArgs,
  complain,
  filterResult,
  nodeArgs,
  preemptionArgs,
  scoresIn,
  victimsIn,
} from './messages.ts'

const DEFAULT_TIMEOUT_MS = 5_000
/** Enough for ten thousand nodes in full. */
const ANSWER_LIMIT_BYTES = 128 * 1024 * 1024

export interface ExtenderWorld {
  readonly clock: Clock
  /** The text of a file; throws where there is none. */
  readonly readText: (path: string) => string
}

export interface HttpExtender extends Extender {
  /** Ends the connections that are kept open. */
  close(): void
}

/** Throws where a file of its TLS configuration cannot be read. */
export function createExtender(
  configuration: ExtenderConfiguration,
  world: ExtenderWorld,
): HttpExtender {
  const { urlPrefix: name, weight = 0, ignorable = false } = configuration
  const { filterVerb, prioritizeVerb, preemptVerb, bindVerb } = configuration
  const byName = configuration.nodeCacheCapable === true
  const managed = new Set(configuration.managedResources?.map(resource => resource.name))
  const { post, close } = createUrlPoster(trustOf(configuration, world.readText), {
    answerBytes: ANSWER_LIMIT_BYTES,
  })
  const timeoutMs = configuration.httpTimeoutMs || DEFAULT_TIMEOUT_MS
  const ask = (verb: string, args: object) =>
    send({ post, clock: world.clock, timeoutMs }, `${name.replace(/\/+$/, '')}/${verb}`, args)
  return {
    name,
    weight,
    ignorable,
    close,
    isInterested: ({ pod }) => managed.size === 0 || asksForAny(pod, managed),
    ...(filterVerb && {
      filter: async ({ pod }, nodes) =>
        filterResult(await ask(filterVerb, nodeArgs(pod, nodes, byName)), nodes, { name, byName }),
    }),
    ...(prioritizeVerb && {
      prioritize: async ({ pod }, nodes) =>
        scoresIn(await ask(prioritizeVerb, nodeArgs(pod, nodes, byName))),
    }),
    ...(preemptVerb && {
      preempt: async ({ pod }, victims, snapshot) =>
        victimsIn(await ask(preemptVerb, preemptionArgs(pod, victims, byName)), name, snapshot),
    }),
    ...(bindVerb && {
      bind: async ({ pod }, node) => complain(await ask(bindVerb, bindingArgs(pod, node))),
    }),
  }
}

interface Sender {
  readonly post: UrlPoster
  readonly clock: Clock
  readonly timeoutMs: number
}

async function send({ post, clock, timeoutMs }: Sender, url: string, args: object) {
  const late = new AbortController()
  const cancel = clock.after(timeoutMs, () =>
    late.abort(new Error(`no answer within ${timeoutMs} ms`)),
  )
  try {
    const { status, body } = await post(
      url,
      new TextEncoder().encode(stringifyJson(args)),
      late.signal,
    )
    const verb = url.slice(url.lastIndexOf('/') + 1)
    if (status !== 200)
      throw new Error(`failed ${verb} with extender at URL ${url}, code ${status}`)
    return decoded(body, url)
  } catch (error) {
    if (late.signal.aborted)
      throw new Error(
        `Post "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
        { cause: error },
      )
    throw error
  } finally {
    cancel()
  }
}

function decoded(body: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch (error) {
    throw new Error(`the answer of ${url} is no JSON: ${messageOf(error)}`, { cause: error })
  }
}

function trustOf(
  { enableHTTPS, tlsConfig = {} }: ExtenderConfiguration,
  readText: (path: string) => string,
): UrlTrust {
  const pem = (data: string | undefined, path: string | undefined) =>
    data ? Buffer.from(data, 'base64').toString() : path ? readText(path) : undefined
  const { certFile, certData, keyFile, keyData, caFile, caData }: ExtenderTls = tlsConfig
  const authority = pem(caData, caFile)
  return {
    authority,
    certificate: pem(certData, certFile),
    key: pem(keyData, keyFile),
    serverName: tlsConfig.serverName,
    insecure: tlsConfig.insecure === true || (enableHTTPS === true && authority === undefined),
  }
}

function asksForAny({ spec }: Pod, resources: ReadonlySet<string>): boolean {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  return containers.some(container => {
    const { requests = {}, limits = {} } = container.resources ?? {}
    return [...Object.keys(requests), ...Object.keys(limits)].some(name => resources.has(name))
  })
}
