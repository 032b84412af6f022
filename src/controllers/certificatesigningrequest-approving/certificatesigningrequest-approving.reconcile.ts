/**
 * Which requests need nobody's approval: client certificates of kubelets, where whoever asks has the right to the subresource that
 * stands for such requests: `selfnodeclient` for a node that renews its own, `nodeclient` for one that joins.
 */
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
} from '#api/certificates/v1/certificate-signing-request.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import { kubeletClientProblem, parsedRequest } from '../runner/signing-requests.ts'

const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'

/** `mayCreate` says whether the request's author has the right. Throws an Error for a request that cannot be read. */
export async function reconcile(
  request: CertificateSigningRequest,
  mayCreate: (subresource: string) => Promise<boolean>,
): Promise<Outcome> {
  const { spec, status } = request
  const isDecided = (status.conditions ?? []).some(
    ({ type }) => type === 'Approved' || type === 'Denied',
  )
  if (status.certificate || isDecided) return nothingToDo
  const wanted = parsedRequest(request)
  if (spec.signerName !== KUBELET_CLIENT || kubeletClientProblem(wanted, spec.usages ?? []))
    return nothingToDo
  const isSelf = spec.username === wanted.subject.commonName
  if (isSelf && (await mayCreate('selfnodeclient'))) return approve(request, 'self kubelet')
  if (await mayCreate('nodeclient')) return approve(request, 'kubelet')
  // The right may be given while the request waits; nothing tells of that.
  return { writes: [], againWithBackoff: true }
}

function approve(request: CertificateSigningRequest, whose: string): Outcome {
  const approved = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message: `Auto approving ${whose} client certificate after SubjectAccessReview.`,
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
