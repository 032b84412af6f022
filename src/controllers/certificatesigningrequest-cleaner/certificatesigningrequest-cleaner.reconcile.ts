/** When a request for a certificate has served its purpose, or never will. */
import { X509Certificate } from 'node:crypto'
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
} from '#api/certificates/v1/certificate-signing-request.ts'
import type { Outcome } from '../runner/controller.ts'

const HOUR_MS = 60 * 60_000
/** Long enough for whoever asked to fetch the answer. */
const ANSWERED_MS = HOUR_MS
const UNANSWERED_MS = 24 * HOUR_MS

export function reconcile(request: CertificateSigningRequest, nowMs: number): Outcome {
  const leftMs = endMs(request) - nowMs
  if (leftMs >= 0)
    return Number.isFinite(leftMs) ? { writes: [], againAfterMs: leftMs + 1 } : { writes: [] }
  return { writes: [{ verb: 'delete', kind: certificateSigningRequest, object: request }] }
}

function endMs({ metadata, status }: CertificateSigningRequest): number {
  const { conditions = [], certificate } = status
  if (conditions.length === 0) return timeMs(metadata.creationTimestamp) + UNANSWERED_MS
  const ends = conditions.flatMap(({ type, lastUpdateTime }) => {
    if (type === 'Denied' || type === 'Failed') return timeMs(lastUpdateTime) + ANSWERED_MS
    if (type !== 'Approved' || !certificate) return []
    return [timeMs(lastUpdateTime) + ANSWERED_MS, expiryMs(certificate)]
  })
  return Math.min(...ends)
}

/** What has no time has no end. */
function timeMs(text: string | undefined): number {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time
}

/** A certificate that cannot be read does not shorten its request's life. */
function expiryMs(certificate: string): number {
  try {
    return timeMs(new X509Certificate(Buffer.from(certificate, 'base64')).validTo)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
