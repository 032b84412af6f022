/** The answer to an approved request: a certificate, or a condition that says why there will be none. */
import { X509Certificate } from 'node:crypto'
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
} from '#api/certificates/v1/certificate-signing-request.ts'
import { rfc3339 } from '#base/clock.ts'
import { signRequest } from '#base/pki/sign-request.ts'
import type { Random } from '#base/random.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'
import { hasCondition, parsedRequest } from '../runner/signing-requests.ts'
import { problemOf, SIGNERS, type SigningOptions } from './signers.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Clocks of other machines may be behind. */
const BACKDATE_MS = 5 * MINUTE_MS
/** What lives shorter than this ends as late as was asked for; what lives longer gives the backdating back. */
const SHORT_MS = 8 * HOUR_MS
const SHORTEST_MS = 10 * MINUTE_MS
const DEFAULT_MS = 365 * 24 * HOUR_MS

export interface SigningWorld extends SigningOptions {
  readonly nowMs: number
  readonly random: Random
}

/** Throws an Error where an approved request cannot be signed now. */
export function reconcile(request: CertificateSigningRequest, world: SigningWorld): Outcome {
  const { spec, status } = request
  const signer = SIGNERS.find(name => name === spec.signerName)
  const authority = signer && world.authorities[signer]
  if (status.certificate || !authority || !isApproved(request)) return nothingToDo
  const wanted = parsedRequest(request)
  const usages = spec.usages ?? []
  const problem = problemOf[signer](wanted, usages)
  if (problem !== undefined) return answer(request, failed(request, problem, world.nowMs))
  const certifiedKey = authority()
  const validity = validityFor(spec.expirationSeconds, certifiedKey.certificate, world)
  const certificate = signRequest(wanted, { usages, validity }, certifiedKey, world.random)
  return answer(request, { certificate: Buffer.from(certificate).toString('base64') })
}

function isApproved(request: CertificateSigningRequest): boolean {
  return (
    hasCondition(request, 'Approved') &&
    !hasCondition(request, 'Denied') &&
    !hasCondition(request, 'Failed')
  )
}

function failed({ status }: CertificateSigningRequest, message: string, nowMs: number) {
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: rfc3339(nowMs),
  }
  return { conditions: [...(status.conditions ?? []), condition] }
}

function answer(request: CertificateSigningRequest, change: object): Outcome {
  const object = { ...request, status: { ...request.status, ...change } }
  return {
    writes: [{ verb: 'update', kind: certificateSigningRequest, object, subresource: 'status' }],
  }
}

/** As long as was asked for, within limits, and never longer than the authority itself. */
function validityFor(
  expirationSeconds: number | undefined,
  authority: string,
  { nowMs, durationMs = DEFAULT_MS }: SigningWorld,
) {
  const asked = expirationSeconds === undefined ? durationMs : expirationSeconds * 1000
  const lifeMs = asked > durationMs ? durationMs : Math.max(asked, SHORTEST_MS)
  const notBefore = nowMs - BACKDATE_MS
  const { validTo } = new X509Certificate(authority)
  const signerEnd = Date.parse(validTo)
  const ends = lifeMs < SHORT_MS ? nowMs + lifeMs : nowMs + lifeMs - BACKDATE_MS
  if (notBefore >= signerEnd) throw new Error(`the signer has expired: NotAfter=${validTo}`)
  if (nowMs >= signerEnd)
    throw new Error(`refusing to sign a certificate that expired in the past: NotAfter=${validTo}`)
  return { notBefore, notAfter: Math.min(ends, signerEnd) }
}
