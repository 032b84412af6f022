/** How a cluster's API server is known to those that stand behind it, and whom before it it believes. */
import type { AggregationOptions, SecurityOptions } from '#apiserver'
import type { Clock } from '#base/clock.ts'
import { createForwarders } from '#client/forwarding/forwarder.ts'
import type { FrontProxyOptions } from './options.ts'
import { CLIENT_SUBJECTS, type Pki } from './pki/pki.ts'
import { clientAuthorityOf, type SecurityWanted } from './security-options.ts'

/** Files that are replaced count after so long at the latest, as upstream's. */
export const REREAD_MS = 60_000

export interface FrontProxyFacts {
  readonly pki: Pki
  readonly clock: Clock
  readonly frontProxy?: FrontProxyOptions | undefined
  /** API servers of this process that stand behind APIServices. */
  readonly localServer?: AggregationOptions['localServer']
  readonly security?: SecurityWanted | undefined
}

export function frontProxyOf(facts: FrontProxyFacts): AggregationOptions {
  const { pki, clock, frontProxy, localServer, security } = facts
  const { authorities, names, ...frontProxyHeaders } = frontProxiesOf(facts)
  return {
    forwarderTo: createForwarders({ clock }),
    ...(localServer ? { localServer } : {}),
    clientCertificate: frontProxy?.clientCertificate ?? (() => pki.client('front-proxy-client')),
    clientAuthority: clientAuthorityOf(pki, security),
    // Read whenever what others are told is looked at.
    get frontProxyAuthority() {
      return (typeof authorities === 'function' ? authorities() : authorities).join('\n')
    },
    ...(frontProxy?.authorities ? { lookAgainMs: REREAD_MS } : {}),
    frontProxyNames: names,
    frontProxyHeaders,
  }
}

/** Whom to believe about who asks: those with a certificate of the front proxies' authority, as kubeadm has it. */
export function frontProxiesOf({
  pki,
  frontProxy = {},
}: Pick<FrontProxyFacts, 'pki' | 'frontProxy'>): NonNullable<SecurityOptions['frontProxies']> {
  const { authorities, names, headers } = frontProxy
  return {
    authorities: authorities ?? [pki.frontProxyAuthority],
    names: names ?? [CLIENT_SUBJECTS['front-proxy-client'].commonName],
    ...headers,
  }
}
