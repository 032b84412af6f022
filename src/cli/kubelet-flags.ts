/** By what a node that runs alone is known, and how it keeps being; upstream's names. */
import { switchFlag, textFlag } from './flags.ts'

export const kubeletCertificates = {
  bootstrapKubeconfig: textFlag(
    'bootstrap-kubeconfig',
    'FILE',
    'how to ask for a certificate, where --kubeconfig is not there yet',
    undefined,
  ),
  certificateDirectory: textFlag(
    'cert-dir',
    'DIR',
    'where certificates are kept that the node asked for (default: kubelet/pki below the data dir)',
    undefined,
  ),
  rotateCertificates: switchFlag(
    'rotate-certificates',
    'ask for another client certificate before this one expires',
    true,
  ),
  failSwapOn: switchFlag(
    'fail-swap-on',
    'not to start on a machine whose memory may be on its disks',
    true,
  ),
  rotateServerCertificates: switchFlag(
    'rotate-server-certificates',
    'ask for a serving certificate, which somebody has to approve, and for another before it expires',
  ),
  tlsCertFile: textFlag(
    'tls-cert-file',
    'FILE',
    'its serving certificate (default: the one that proa apiserver made in the data dir)',
    undefined,
  ),
  tlsPrivateKeyFile: textFlag('tls-private-key-file', 'FILE', 'the key to it', undefined),
}
