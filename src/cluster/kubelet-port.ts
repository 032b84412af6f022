/** The port of a kubelet that runs in this process: the API server needs none to reach it, but whoever collects figures and logs does. */
import { StatusError } from '#api/machinery/status.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { serveKubelet } from '#kubelet'
import { DEFAULT_KUBELET_PORT } from '#kubelet/before-start.ts'
import type { Pki } from './pki/pki.ts'

export interface KubeletPortOptions {
  readonly nodeName: string
  readonly addresses: readonly string[]
  /** 0 takes a free one; undefined is upstream's, or a free one where another cluster of this machine has that. */
  readonly port: number | undefined
  readonly pki: Pki
  /** The node's own. */
  readonly context: RoleContext
}

export interface KubeletPort extends Running {
  /** What the node tells of itself; 0 on a machine without an address. */
  readonly port: number
  /** The same port under an address that the node has since. */
  listenAt(address: string): Promise<void>
  /** To be called when the kubelet runs, which is after it was told its port. */
  answerWith(transport: Transport): void
}

/** Resolves when the port is open. Throws a UserError where it cannot be had. */
export async function openKubeletPort(options: KubeletPortOptions): Promise<KubeletPort> {
  const { nodeName, pki, context } = options
  const { client, clock, log } = context
  let addresses = [...options.addresses]
  if (addresses.length === 0)
    return { port: 0, listenAt: async () => {}, answerWith() {}, stop: async () => {} }
  let kubelet: Transport = starting
  const serve = (port: number) =>
    serveKubelet({
      addresses: addresses.slice(0, 1).map(address => ({ address, port })),
      tls: () => {
        const { certificate, key } = pki.kubelet(nodeName, addresses).serving
        return { cert: certificate, key, clientCa: pki.authority }
      },
      transport: {
        request: request => kubelet.request(request),
        connect: request => (kubelet.connect ?? refuse)(request),
      },
      nodeName,
      client,
      clock,
      log,
      flags: { port: '--kubelet-port', address: '--kubelet-port' },
    })
  const serveSomewhere = async (error: unknown) => {
    if (options.port !== undefined || !(error instanceof UserError)) throw error
    const served = await serve(0)
    const { message } = error
    log.warn('the kubelet took a free port', { port: served.ports[0], why: message })
    return served
  }
  const served = await serve(options.port ?? DEFAULT_KUBELET_PORT).catch(serveSomewhere)
  const add = async (address: string) => {
    try {
      await served.addAddress(address, served.ports[0] ?? 0)
    } catch (error) {
      log.warn('the kubelet can not be reached at an address of its node', {
        address,
        why: messageOf(error),
      })
    }
  }
  for (const address of addresses.slice(1)) await add(address)
  return {
    port: served.ports[0] ?? 0,
    answerWith(transport) {
      kubelet = transport
    },
    async listenAt(address) {
      const isOther = (each: string) => each.includes(':') !== address.includes(':')
      addresses = [address, ...addresses.filter(isOther)]
      await add(address)
    },
    stop: () => served.stop(),
  }
}

const refuse = async (): Promise<never> => {
  throw new StatusError('ServiceUnavailable', 'the kubelet is starting')
}
const starting: Transport = { request: refuse, connect: refuse }
