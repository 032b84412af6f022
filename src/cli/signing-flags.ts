/** Flags about what signs certificates that are asked for; upstream's names. */
import { durationFlag, textFlag, under } from './flags.ts'

/** A certificate or a key for one of the cluster's signers; upstream's names. */
const signingFile = (name: string, what: string) =>
  textFlag(`cluster-signing-${name}-file`, 'FILE', what, undefined)
export const signing = under('Signing of certificates', {
  clusterSigningCertFile: signingFile('cert', 'the CA that signs certificates of the cluster'),
  clusterSigningKeyFile: signingFile('key', 'the key to it'),
  clusterSigningKubeletServingCertFile: signingFile(
    'kubelet-serving-cert',
    'the CA of kubernetes.io/kubelet-serving, where each signer has one of its own',
  ),
  clusterSigningKubeletServingKeyFile: signingFile('kubelet-serving-key', 'the key to it'),
  clusterSigningKubeletClientCertFile: signingFile(
    'kubelet-client-cert',
    'the CA of kubernetes.io/kube-apiserver-client-kubelet',
  ),
  clusterSigningKubeletClientKeyFile: signingFile('kubelet-client-key', 'the key to it'),
  clusterSigningKubeApiserverClientCertFile: signingFile(
    'kube-apiserver-client-cert',
    'the CA of kubernetes.io/kube-apiserver-client',
  ),
  clusterSigningKubeApiserverClientKeyFile: signingFile(
    'kube-apiserver-client-key',
    'the key to it',
  ),
  clusterSigningLegacyUnknownCertFile: signingFile(
    'legacy-unknown-cert',
    'the CA of kubernetes.io/legacy-unknown',
  ),
  clusterSigningLegacyUnknownKeyFile: signingFile('legacy-unknown-key', 'the key to it'),
  clusterSigningDurationMs: durationFlag(
    'cluster-signing-duration',
    'how long a certificate is good at most',
    365 * 24 * 60 * 60_000,
  ),
})
