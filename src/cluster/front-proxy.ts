/** How a cluster's API server is known to those that stand behind it. */
import type { AggregationOptions, SecurityOptions } from '#apiserver'
import type { Clock } from '#base/clock.ts'
import { createForwarders } from '#client/forwarding/forwarder.ts'
import { CLIENT_SUBJECTS, type Pki } from './pki/pki.ts'

export function frontProxyOf(pki: Pki, clock: Clock): AggregationOptions {
  return {
    forwarderTo: createForwarders({ clock }),
    clientCertificate: () => pki.client('front-proxy-client'),
    clientAuthority: pki.authority,
    frontProxyAuthority: pki.frontProxyAuthority,
    frontProxyNames: [CLIENT_SUBJECTS['front-proxy-client'].commonName],
  }
}

/** Whom to believe about who asks: those with a certificate of the front proxies' authority, as kubeadm has it. */
export function frontProxiesOf(pki: Pki): NonNullable<SecurityOptions['frontProxies']> {
  return {
    authorities: [pki.frontProxyAuthority],
    names: [CLIENT_SUBJECTS['front-proxy-client'].commonName],
  }
}
