import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './certificatesigningrequest-cleaner.reconcile.ts'

interface State {
  readonly created: string
  readonly conditions?: readonly object[]
  readonly certificate?: string
}

testScenarios<State>(
  new URL('certificatesigningrequest-cleaner.scenarios.txt', import.meta.url),
  ({ created, ...status }) => {
    const metadata = { name: 'request', creationTimestamp: created }
    const request = { metadata, spec: {}, status } as unknown as CertificateSigningRequest
    return showOutcome(reconcile(request, Date.parse('2026-01-01T00:00:00Z')), undefined)
  },
)
