/** The kubelet's API on its port: the same Transport that is asked in process, behind certificates and rights. */
import { StatusError } from '#api/machinery/status.ts'
import type { RequestHandler } from '#client/serving/handler.ts'
import {
  type Address,
  type HttpsServing,
  type ServingCertificate,
  serveHttps,
} from '#client/serving/serve-https.ts'
import { statusAnswer } from '#client/serving/serve-request.ts'
import type { StreamKind } from '#client/streaming/channels.ts'
import type { Transport } from '#client/transport.ts'
import { createKubeletAccess, type KubeletAccess, type KubeletAccessOptions } from './access.ts'

export interface KubeletHttpsOptions extends Omit<KubeletAccessOptions, 'clientAuthority'> {
  readonly addresses: readonly Address[]
  /** The node's serving certificate, and the authority of its clients. */
  readonly tls: () => ServingCertificate & { readonly clientCa: string }
  readonly transport: Transport
  /** Flags to name where a port cannot be had. */
  readonly flags?: { readonly port: string; readonly address: string }
}

/** Throws a UserError where an address cannot be listened on. */
export function serveKubelet(options: KubeletHttpsOptions): Promise<HttpsServing> {
  const { addresses, tls, transport, log, clock } = options
  const access = createKubeletAccess({ ...options, clientAuthority: tls().clientCa })
  return serveHttps({
    addresses,
    tls,
    handler: handlerOf(transport, access),
    clock,
    log: log.with({ component: 'kubelet-server' }),
    flags: options.flags ?? { port: '--port', address: '--node-ip' },
  })
}

const STREAM_KINDS: Readonly<Record<string, StreamKind>> = {
  exec: 'exec',
  attach: 'attach',
  portForward: 'portforward',
}

function handlerOf(transport: Transport, access: KubeletAccess): RequestHandler {
  return {
    async handle(request, peer) {
      try {
        await access(request, peer)
      } catch (error) {
        if (error instanceof StatusError) return statusAnswer(error)
        throw error
      }
      return transport.request(request)
    },

    async upgrade(request, peer) {
      await access(request, peer)
      const [path = ''] = request.path.split('?')
      const kind = STREAM_KINDS[path.split('/')[1] ?? '']
      const { connect } = transport
      if (!kind || !connect) return { response: await transport.request(request) }
      const dial = (port?: number) =>
        connect({
          method: 'POST',
          path: port === undefined ? request.path : `${path}?port=${port}`,
        })
      return { stream: { kind, dial } }
    },
  }
}
