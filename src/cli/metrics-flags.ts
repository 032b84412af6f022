/** How a metrics server that runs alone reaches kubelets; upstream's names. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, portFlag, switchFlag, textFlag } from './flags.ts'
import { listFlag } from './lists.ts'

export const metricResolution = durationFlag(
  'metric-resolution',
  'how often nodes are asked what they use',
  15_000,
)

const ADDRESS_TYPES = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP']

export const kubelets = {
  metricResolutionMs: metricResolution,
  nodeSelector: textFlag('node-selector', 'SELECTOR', 'labels of the nodes to ask', ''),
  kubeletPort: portFlag('kubelet-port', 'port of kubelets', 10250),
  kubeletUseNodeStatusPort: switchFlag(
    'kubelet-use-node-status-port',
    'the port that each node tells counts before --kubelet-port',
  ),
  kubeletPreferredAddressTypes: {
    ...listFlag(
      'kubelet-preferred-address-types',
      'LIST',
      'which address of a node to use, the first type that it has',
      ADDRESS_TYPES,
    ),
    parse(text: string) {
      const types = text.split(',').map(each => each.trim())
      const wrong = types.find(each => !ADDRESS_TYPES.includes(each))
      if (wrong !== undefined)
        throw new UserError(
          `--kubelet-preferred-address-types wants some of ${ADDRESS_TYPES.join(', ')}, not "${wrong}"`,
        )
      return types
    },
    // Whoever names some means those alone.
    join: (_before: readonly string[], more: readonly string[]) => more,
  },
  kubeletCertificateAuthority: textFlag(
    'kubelet-certificate-authority',
    'FILE',
    "who signed kubelets' certificates (default: the kubeconfig's CA)",
    undefined,
  ),
  kubeletInsecureTls: switchFlag(
    'kubelet-insecure-tls',
    'believe any certificate of a kubelet; for tests',
  ),
  kubeletClientCertificate: textFlag(
    'kubelet-client-certificate',
    'FILE',
    "who to be for kubelets (default: the kubeconfig's user)",
    undefined,
  ),
  kubeletClientKey: textFlag('kubelet-client-key', 'FILE', 'the key to it', undefined),
  kubeletRequestTimeoutMs: flag(
    'kubelet-request-timeout',
    'TIME',
    'how long a kubelet may take',
    durationFlag('kubelet-request-timeout', '', 0).parse,
    10_000,
  ),
}
