/** When a pod's request for a certificate goes: whoever made it has fetched the answer by then, or never will. */
import {
  type PodCertificateRequest,
  podCertificateRequest,
} from '#api/certificates/v1beta1/pod-certificate-request.ts'
import type { Outcome } from '../runner/controller.ts'

/** Every way to a certificate is shorter than this. */
const LIFE_MS = 15 * 60_000

export function reconcile(object: PodCertificateRequest, nowMs: number): Outcome {
  const leftMs = Date.parse(object.metadata.creationTimestamp ?? '') + LIFE_MS - nowMs
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs }
  return { writes: [{ verb: 'delete', kind: podCertificateRequest, object }] }
}
