/** Where a webhook listens: at its URL, or at one of the ready endpoints of its service, as the API itself knows them. */
import { posix } from 'node:path'
import type { WebhookClientConfig } from '#api/admissionregistration/v1/webhooks.schema.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { Random } from '#base/random.ts'
import type { WebhookTarget } from '#client/webhooks/webhook-caller.ts'
import type { WebhookWorld } from './world.ts'

export interface Location {
  /** As messages show it. */
  readonly url: string
  readonly path: string
  /** Found only when it is called, so that messages can show the URL in any case. */
  readonly target: () => WebhookTarget
}

const HTTPS_PORT = 443

export function locationOf(
  { url, service, caBundle }: WebhookClientConfig,
  world: WebhookWorld,
  random: Random,
): Location {
  const authority = caBundle ? { authority: Buffer.from(caBundle, 'base64').toString() } : {}
  if (service) {
    const { namespace, name, port = HTTPS_PORT } = service
    const path = cleaned(service.path ?? '')
    const serverName = `${name}.${namespace}.svc`
    return {
      url: `https://${serverName}:${port}${path}`,
      path,
      target: () => ({
        ...resolveService(world, random, { namespace, name, port }),
        serverName,
        ...authority,
      }),
    }
  }
  const { hostname, port, pathname, host } = new URL(url ?? '')
  const address = hostname.replace(/^\[|\]$/g, '')
  return {
    url: `https://${host}${cleaned(pathname)}`,
    path: cleaned(pathname),
    target: () => ({ host: address, port: port === '' ? HTTPS_PORT : Number(port), ...authority }),
  }
}

/** As upstream's client cleans it, without a slash twice or at the end; envtest writes `https://127.0.0.1:38375//path`, which Go's servers redirect. */
const cleaned = (path: string) => posix.join('/', path).replace(/(?<=.)\/$/, '')

export interface Wanted {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** One of the ready endpoints of a service; throws an Error that says why there is none. */
export function resolveService(
  world: WebhookWorld,
  random: Random,
  { namespace, name, port }: Wanted,
): { readonly host: string; readonly port: number } {
  const service = world.service(namespace, name)
  if (!service) throw new Error(`service ${JSON.stringify(name)} not found`)
  const { type, externalName = '' } = service.spec
  if (type === 'ExternalName') return { host: externalName, port }
  const ready = readyEndpoints(world, service, port)
  const chosen = ready.length === 0 ? undefined : ready[random.integer(ready.length)]
  if (!chosen) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
  if (chosen.isPod && !world.canReachPods)
    throw new Error('this server has no network to pods, for its nodes are hollow')
  return { host: chosen.host, port: chosen.port }
}

function readyEndpoints(world: WebhookWorld, { metadata, spec }: Service, port: number) {
  const { namespace = '', name = '' } = metadata
  const wanted = (spec.ports ?? []).find(each => each.port === port)
  if (!wanted) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`)
  return world.endpointSlices(namespace, name).flatMap(({ ports = [], endpoints = [] }) => {
    const number = ports.find(each => (each.name ?? '') === (wanted.name ?? ''))?.port
    if (number === undefined) return []
    return endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ addresses, targetRef }) => ({
        host: addresses[0] ?? '',
        port: number,
        isPod: targetRef?.kind === 'Pod',
      }))
  })
}
