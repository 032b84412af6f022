/** Flags about how connections are secured, and how many streams they carry; upstream's names. */

import { UserError } from '#base/errors.ts'
import { flag, switchFlag } from './flags.ts'
import { listFlag } from './lists.ts'

const VERSIONS = ['VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13'] as const
export type TlsVersionName = (typeof VERSIONS)[number]

const MAXIMUM_STREAMS = 2 ** 31 - 1

export const tlsFlags = {
  tlsMinVersion: flag<TlsVersionName>(
    'tls-min-version',
    'VERSION',
    `the oldest version of TLS that is spoken: ${VERSIONS.join(', ')}`,
    text => {
      const version = VERSIONS.find(each => each === text)
      if (!version)
        throw new UserError(
          `unknown tls version ${JSON.stringify(text)}: --tls-min-version wants one of ${VERSIONS.join(', ')}`,
        )
      return version
    },
    'VersionTLS12',
  ),
  tlsCipherSuites: listFlag(
    'tls-cipher-suites',
    'LIST',
    'cipher suites of TLS 1.2 and before that are spoken, by the names of IANA (default: all that are good)',
    [],
  ),
  tlsSniCertKey: {
    ...flag<readonly string[]>(
      'tls-sni-cert-key',
      'CERT,KEY[:NAMES]',
      'a further certificate, with its key, for clients that ask for these names: *.example.com,other.example.com (default: the names in it); may be given several times',
      text => [text],
      [],
    ),
    join: (before: readonly string[], more: readonly string[]) => [...before, ...more],
  },
  http2MaxStreams: flag(
    'http2-max-streams-per-connection',
    'N',
    'how many requests a client may have open on one connection of HTTP/2; 0 is the default, 250',
    text => {
      const streams = Number(text)
      if (!/^\d+$/.test(text) || streams > MAXIMUM_STREAMS)
        throw new UserError(
          `--http2-max-streams-per-connection wants a number from 0 to ${MAXIMUM_STREAMS}, not "${text}"`,
        )
      return streams
    },
    0,
  ),
  permitPortSharing: switchFlag(
    'permit-port-sharing',
    'let other processes listen at the same port, between which the kernel shares out connections',
  ),
  disableHttp2Serving: switchFlag('disable-http2-serving', 'speak HTTP/1.1 alone'),
}
