/** The cluster's own signers: what each signs, and with which authority. */
import type { CertifiedKey } from '#base/pki/certificate.ts'
import type { CertificateRequest } from '#base/pki/certificate-request.ts'
import { kubeletClientProblem, kubeletServingProblem } from '../runner/signing-requests.ts'

export const SIGNERS = [
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/kube-apiserver-client-kubelet',
  'kubernetes.io/kube-apiserver-client',
  'kubernetes.io/legacy-unknown',
] as const
export type SignerName = (typeof SIGNERS)[number]

/** Asked for each certificate, so that an authority may change; throws where it cannot be read. */
export type Authority = () => CertifiedKey

export interface SigningOptions {
  /** Signers without an authority leave their requests to others. */
  readonly authorities: Readonly<Partial<Record<SignerName, Authority>>>
  /** Upstream's --cluster-signing-duration: the longest that a certificate is good; a year by default. */
  readonly durationMs?: number
}

type Check = (wanted: CertificateRequest, usages: readonly string[]) => string | undefined

/** What is wrong with a request to a signer, for its Failed condition. */
export const problemOf: Readonly<Record<SignerName, Check>> = {
  'kubernetes.io/kubelet-serving': kubeletServingProblem,
  'kubernetes.io/kube-apiserver-client-kubelet': kubeletClientProblem,
  'kubernetes.io/kube-apiserver-client': (_, usages) => clientUsageProblem(usages),
  'kubernetes.io/legacy-unknown': () => undefined,
}

const CLIENT_AUTH = 'client auth'
const CLIENT_USAGES = ['digital signature', 'key encipherment', CLIENT_AUTH]

function clientUsageProblem(usages: readonly string[]): string | undefined {
  const wrong = usages.find(usage => !CLIENT_USAGES.includes(usage))
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`
  if (usages.includes(CLIENT_AUTH)) return undefined
  return `missing required usage for client certificate: ${CLIENT_AUTH}`
}
