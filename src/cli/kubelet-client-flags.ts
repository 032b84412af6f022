/** Flags about how the API server reaches kubelets; upstream's names. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, textFlag, under } from './flags.ts'

const file = (name: string, doc: string) => textFlag(name, 'FILE', doc, undefined)
export const ADDRESS_TYPES = [
  'Hostname',
  'InternalDNS',
  'InternalIP',
  'ExternalDNS',
  'ExternalIP',
] as const

export const kubeletClient = under('Kubelets', {
  kubeletClientCertificate: file(
    'kubelet-client-certificate',
    'certificate to show to kubelets (default: our own)',
  ),
  kubeletClientKey: file('kubelet-client-key', 'the key to it'),
  kubeletCertificateAuthority: file(
    'kubelet-certificate-authority',
    "the CA of kubelets' serving certificates (default: our own)",
  ),
  kubeletTimeoutMs: durationFlag(
    'kubelet-timeout',
    'accepted: each request has its own limit',
    5_000,
  ),
  kubeletPreferredAddressTypes: flag<readonly string[]>(
    'kubelet-preferred-address-types',
    'LIST',
    'accepted, with InternalIP among them: nodes are found by that address, and no other',
    text => {
      const types = text.split(',').map(each => each.trim())
      for (const type of types)
        if (!ADDRESS_TYPES.some(each => each === type))
          throw new UserError(
            `--kubelet-preferred-address-types: ${JSON.stringify(type)} is none of ${ADDRESS_TYPES.join(', ')}`,
          )
      if (!types.includes('InternalIP'))
        throw new UserError(
          '--kubelet-preferred-address-types must have InternalIP among them: nodes are found by that address alone',
        )
      return types
    },
    ['InternalIP'],
  ),
})
