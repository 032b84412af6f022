/**
 * Which requests need nobody's approval: client certificates of kubelets, where whoever asks has the right to the subresource that
 * stands for such requests: `selfnodeclient` for a node that renews its own, `nodeclient` for one that joins. Upstream approves no serving
 * certificates; here those of nodes that have the right `selfnodeserver`, as Kubernetes 1.7 had it, and ask for no other name than their own.
 */
import { isIP } from 'node:net'
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
} from '#api/certificates/v1/certificate-signing-request.ts'
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import {
  kubeletClientProblem,
  kubeletServingProblem,
  parsedRequest,
} from '../runner/signing-requests.ts'

const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'

/**
 * `mayCreate` says whether the request's author has the right; `serverNames` are those of the API server. Throws an Error for a request that cannot be read.
 */
export async function reconcile(
  request: CertificateSigningRequest,
  mayCreate: (subresource: string) => Promise<boolean>,
  serverNames: readonly string[] = [],
): Promise<Outcome> {
  const { spec, status } = request
  const isDecided = (status.conditions ?? []).some(
    ({ type }) => type === 'Approved' || type === 'Denied',
  )
  if (status.certificate || isDecided) return nothingToDo
  const wanted = parsedRequest(request)
  if (spec.signerName === KUBELET_SERVING) {
    if (!isForItself(request, wanted, serverNames)) return nothingToDo
    if (!(await mayCreate('selfnodeserver'))) return nothingToDo
    return approve(request, 'self kubelet server')
  }
  if (spec.signerName !== KUBELET_CLIENT || kubeletClientProblem(wanted, spec.usages ?? []))
    return nothingToDo
  const isSelf = spec.username === wanted.subject.commonName
  if (isSelf && (await mayCreate('selfnodeclient'))) return approve(request, 'self kubelet client')
  if (await mayCreate('nodeclient')) return approve(request, 'kubelet client')
  // The right may be given while the request waits; nothing tells of that.
  return { writes: [], againWithBackoff: true }
}

/** The API server asks for the name of the node; an address could be that of somebody else. */
function isForItself(
  { spec }: CertificateSigningRequest,
  wanted: ReturnType<typeof parsedRequest>,
  serverNames: readonly string[],
): boolean {
  const { subject, names } = wanted
  const nodeName = subject.commonName.replace(/^system:node:/, '')
  return (
    kubeletServingProblem(wanted, spec.usages ?? []) === undefined &&
    spec.username === subject.commonName &&
    names.ip.length === 0 &&
    isOnlyOfNode(nodeName, serverNames) &&
    names.dns.every(name => Buffer.from(name).equals(Buffer.from(nodeName)))
  )
}

/**
 * Whoever has a token to join with chooses the node's name, and could choose the API server's, a Service's or one with a star, for a certificate
 * with which to pretend to be those.
 */
function isOnlyOfNode(nodeName: string, serverNames: readonly string[]): boolean {
  return (
    isDns1123Subdomain(nodeName).length === 0 &&
    isIP(nodeName) === 0 &&
    nodeName !== 'localhost' &&
    !/^kubernetes(\.default)?$/.test(nodeName) &&
    !nodeName.split('.').includes('svc') &&
    !serverNames.some(name => name.toLowerCase() === nodeName)
  )
}

function approve(request: CertificateSigningRequest, whose: string): Outcome {
  const approved = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message: `Auto approving ${whose} certificate after SubjectAccessReview.`,
  }
  const conditions = [...(request.status.conditions ?? []), approved]
  const write: Write = {
    verb: 'update',
    kind: certificateSigningRequest,
    object: { ...request, status: { ...request.status, conditions } },
    subresource: 'approval',
  }
  return { writes: [write] }
}
