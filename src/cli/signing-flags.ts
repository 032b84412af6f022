/** Flags of the controllers: who signs for the cluster, and how much of some things there may be. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, textFlag, under } from './flags.ts'

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

const count = <const F extends number | undefined>(
  name: string,
  what: string,
  doc: string,
  fallback: F,
) =>
  flag<number | F>(
    name,
    'N',
    doc,
    text => {
      if (!/^-?\d{1,9}$/.test(text)) throw new UserError(`--${name} wants ${what}, not "${text}"`)
      return Number(text)
    },
    fallback,
  )

export const counts = under('Limits', {
  nodeCidrMaskSize: count(
    'node-cidr-mask-size',
    'a number from 16 to 30',
    'how much of --cluster-cidr each node gets (default: 24)',
    undefined,
  ),
  nodeCidrMaskSizeIpv4: count(
    'node-cidr-mask-size-ipv4',
    'a number from 16 to 30',
    'the same of its IPv4 range, where it has two',
    undefined,
  ),
  nodeCidrMaskSizeIpv6: count(
    'node-cidr-mask-size-ipv6',
    'a number from 48 to 126',
    'the same of its IPv6 range (default: 64)',
    undefined,
  ),
  terminatedPodGcThreshold: count(
    'terminated-pod-gc-threshold',
    'a number of pods',
    'how many pods that are over are kept; 0 keeps all',
    12_500,
  ),
})
