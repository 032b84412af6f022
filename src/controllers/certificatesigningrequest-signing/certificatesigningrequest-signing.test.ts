import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { subjectOf } from '#base/pki/subject.ts'
import { encodedRequest, type RequestOptions } from '#base/pki/testing.ts'
import { systemRandom } from '#host/random.ts'
import type { AnyObject, Outcome } from '../runner/controller.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './certificatesigningrequest-signing.reconcile.ts'
import { SIGNERS } from './signers.ts'

const NOW_MS = Date.parse('2026-01-01T00:00:00Z')
const MINUTE_MS = 60_000
const YEAR_MINUTES = 365 * 24 * 60

interface State extends Pick<RequestOptions, 'commonName' | 'organizations' | 'names'> {
  readonly signer: string
  readonly usages?: readonly string[]
  readonly expirationSeconds?: number
  readonly conditions?: readonly object[]
  readonly certificate?: string
  readonly durationMinutes?: number
  /** How long the authority is good for. */
  readonly authorityMinutes?: number
  readonly forged?: boolean
}

const APPROVED = { type: 'Approved', status: 'True', reason: 'r', message: 'm' }

function decide(state: State): { request: CertificateSigningRequest; outcome: Outcome } {
  const { signer, usages = ['client auth'], conditions = [APPROVED], certificate } = state
  const { commonName = 'ann', organizations = [], names = [], expirationSeconds } = state
  const signed = state.forged ? { signed: Buffer.from('other') } : {}
  const request = {
    metadata: { name: 'request' },
    spec: {
      request: encodedRequest({ commonName, organizations, names, ...signed }),
      signerName: signer,
      usages,
      expirationSeconds,
    },
    status: { conditions, ...(certificate ? { certificate } : {}) },
  } as unknown as CertificateSigningRequest
  const ends = NOW_MS + (state.authorityMinutes ?? 10 * YEAR_MINUTES) * MINUTE_MS
  const validity = { notBefore: NOW_MS - 60 * MINUTE_MS, notAfter: ends }
  const authority = issueAuthority('kubernetes', validity, systemRandom)
  const outcome = reconcile(request, {
    authorities: Object.fromEntries(SIGNERS.map(name => [name, () => authority])),
    ...(state.durationMinutes ? { durationMs: state.durationMinutes * MINUTE_MS } : {}),
    nowMs: NOW_MS,
    random: systemRandom,
  })
  return { request, outcome }
}

function certificateOf({ writes: [write] }: Outcome): X509Certificate | undefined {
  const object = write?.verb === 'update' ? (write.object as unknown) : undefined
  const { certificate } = (object as CertificateSigningRequest | undefined)?.status ?? {}
  return certificate ? new X509Certificate(Buffer.from(certificate, 'base64')) : undefined
}

const minutes = (date: string) => (Date.parse(date) - NOW_MS) / MINUTE_MS

const USAGES = new Map([
  ['1.3.6.1.5.5.7.3.1', 'server auth'],
  ['1.3.6.1.5.5.7.3.2', 'client auth'],
])

const scenarios = new URL('certificatesigningrequest-signing.scenarios.txt', import.meta.url)
testScenarios<State>(scenarios, state => {
  try {
    const { request, outcome } = decide(state)
    const certificate = certificateOf(outcome)
    if (!certificate) return showOutcome(outcome, request as unknown as AnyObject)
    const { commonName, organizations } = subjectOf(certificate.raw)
    const usages = (certificate.keyUsage ?? []).map(id => USAGES.get(id) ?? id)
    return [
      `subject ${commonName} of ${organizations.join() || 'nobody'}`,
      `names ${certificate.subjectAltName ?? 'none'}; for ${usages.join() || 'nothing'}`,
      `valid from minute ${minutes(certificate.validFrom)} to ${minutes(certificate.validTo)}`,
    ]
  } catch (error) {
    return [`${error}`]
  }
})

test('no certificate outlives its authority, the duration or what was asked for', () => {
  const spans = fc.record({
    expirationSeconds: fc.option(fc.integer({ min: 600, max: 2_000_000_000 }), { nil: undefined }),
    durationMinutes: fc.integer({ min: 10, max: YEAR_MINUTES }),
    authorityMinutes: fc.integer({ min: 1, max: 2 * YEAR_MINUTES }),
  })
  const signer = 'kubernetes.io/legacy-unknown'
  fc.assert(
    fc.property(spans, ({ expirationSeconds, ...more }) => {
      const asked = expirationSeconds === undefined ? {} : { expirationSeconds }
      const certificate = certificateOf(decide({ signer, ...more, ...asked }).outcome)
      assert.ok(certificate)
      const ends = minutes(certificate.validTo)
      assert.ok(ends <= more.authorityMinutes && ends <= more.durationMinutes)
      assert.ok(ends <= (expirationSeconds ?? Number.POSITIVE_INFINITY) / 60)
      assert.equal(minutes(certificate.validFrom), -5)
    }),
    { numRuns: 50 },
  )
})
