/**
 * Makes raw connections secure. Which certificate a client is shown follows from the name that it asks for, or, where it asks for none,
 * from the address at which it came in; which versions and ciphers are spoken, from what the server was told.
 */
import { isIP, type Socket } from 'node:net'
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureVersion,
  type Server,
  type TLSSocket,
} from 'node:tls'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { CERTIFICATE_CHECK_MS } from './limits.ts'

/** PEM texts. */
export interface ServingCertificate {
  readonly key: string
  readonly cert: string
  /** Named to clients as the authority whose certificates are wanted, by which they choose. */
  readonly clientCa?: string
  /** Shown to whoever asks for these names; of several that name the same, the first. The same value as long as nothing changed. */
  readonly named?: readonly NamedCertificate[]
}

export interface NamedCertificate {
  readonly key: string
  readonly cert: string
  /** `example.com`, `*.example.com`, or an IP address. */
  readonly names: readonly string[]
}

/** What is spoken; our own choice where absent. */
export interface TlsWanted {
  readonly minVersion?: SecureVersion
  /** By OpenSSL's names, with colons between them. */
  readonly ciphers?: string
  /** False speaks HTTP/1.1 alone. */
  readonly http2?: boolean
}

export interface TlsOptions {
  readonly tls: () => ServingCertificate
  readonly wanted?: TlsWanted | undefined
  readonly handshakeMs: number
  readonly clock: Clock
  readonly log: Log
  /** A connection whose handshake is done. */
  readonly secured: (socket: TLSSocket) => void
}

/** Gives the function that takes raw connections. */
export function acceptTls(options: TlsOptions): (socket: Socket) => void {
  const { tls, wanted = {}, clock, log } = options
  let shown = tls()
  let checkedMs = clock.monotonicMs()
  let named = namedContexts(shown, wanted)
  /** For connections that come in at an address which has a certificate of its own. */
  let atAddresses = new Map<string, Server>()
  const serverOf = (context: { key?: string; cert?: string; ca: string | string[] }): Server => {
    const server = createServer({
      ...context,
      ...spoken(wanted),
      ALPNProtocols: wanted.http2 === false ? ['http/1.1'] : ['h2', 'http/1.1'],
      // Any that we take is good, and clients know what their machine does fastest: those in Go choose AES with 128 bits.
      honorCipherOrder: false,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: options.handshakeMs,
      SNICallback: (name, done) => done(null, named.get(name)),
    })
    server.on('secureConnection', options.secured)
    // A client that gives up, or is none: nothing that anybody could mend here.
    server.on('tlsClientError', (error, socket) => {
      log.debug('a TLS handshake failed', { error, remoteAddress: socket.remoteAddress })
      socket.destroy()
    })
    return server
  }
  const usual = serverOf(contextOf(shown))
  const openAddresses = () => {
    atAddresses = new Map(
      named.addresses.map(([address, each]) => [
        address,
        serverOf(contextOf({ ...each, ...(shown.clientCa ? { clientCa: shown.clientCa } : {}) })),
      ]),
    )
  }
  openAddresses()

  const renew = () => {
    const now = clock.monotonicMs()
    if (now - checkedMs < CERTIFICATE_CHECK_MS && shown.cert) return
    checkedMs = now
    try {
      const next = tls()
      if (
        next.cert === shown.cert &&
        next.clientCa === shown.clientCa &&
        next.named === shown.named
      )
        return
      named = namedContexts(next, wanted)
      usual.setSecureContext({ ...contextOf(next), ...spoken(wanted) })
      shown = next
      openAddresses()
      log.info('a renewed certificate is shown to new connections')
    } catch (error) {
      log.error('the serving certificate could not be renewed; the old one stays', { error })
    }
  }
  return socket => {
    renew()
    const { localAddress = '' } = socket
    const server =
      atAddresses.size === 0 ? usual : (atAddresses.get(plainAddress(localAddress)) ?? usual)
    server.emit('connection', socket)
  }
}

/** Suites of TLS 1.3 are not to be chosen, as in Go: all three are good. */
const TLS_13_SUITES = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

function spoken({ minVersion = 'TLSv1.2', ciphers }: TlsWanted) {
  // Without a level of 0 OpenSSL knows no version before 1.2, and only some of the suites.
  const isOld = minVersion === 'TLSv1' || minVersion === 'TLSv1.1'
  const list = ciphers ?? (isOld ? 'DEFAULT' : undefined)
  if (list === undefined) return { minVersion }
  return { minVersion, ciphers: `${TLS_13_SUITES}:${list}:@SECLEVEL=${isOld || ciphers ? 0 : 1}` }
}

function contextOf({ key, cert, clientCa }: ServingCertificate) {
  // Without authorities of its own node would read all that the world's browsers trust, which takes 20 ms.
  return { ...(cert ? { key, cert } : {}), ca: clientCa ?? [] }
}

/** A socket for both families shows IPv4 in IPv6's clothes. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '')

interface NamedContexts {
  readonly addresses: readonly (readonly [string, NamedCertificate])[]
  get(name: string): SecureContext | undefined
}

/** The exact name, else that of all beside it: `*.example.com`. */
function namedContexts(
  { named = [], clientCa }: ServingCertificate,
  wanted: TlsWanted,
): NamedContexts {
  const contexts = new Map<string, SecureContext>()
  const addresses: [string, NamedCertificate][] = []
  const seen = new Set<string>()
  for (const certificate of named) {
    const { key, cert } = certificate
    const context = createSecureContext({
      ...contextOf({ key, cert, ...(clientCa ? { clientCa } : {}) }),
      ...spoken(wanted),
    })
    for (const each of certificate.names) {
      const name = each.toLowerCase()
      if (seen.has(name)) continue
      seen.add(name)
      if (isIP(name)) addresses.push([name, certificate])
      else contexts.set(name, context)
    }
  }
  return {
    addresses,
    get(asked) {
      if (contexts.size === 0) return undefined
      const name = asked.toLowerCase().replace(/\.$/, '')
      return contexts.get(name) ?? contexts.get(name.replace(/^[^.]*/, '*'))
    },
  }
}
