import type { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './podcertificaterequest-cleaner.reconcile.ts'

testScenarios<{ created: string }>(
  new URL('podcertificaterequest-cleaner.scenarios.txt', import.meta.url),
  ({ created }) => {
    const metadata = { name: 'request', namespace: 'a', creationTimestamp: created }
    const request = { metadata } as unknown as PodCertificateRequest
    return showOutcome(reconcile(request, Date.parse('2026-01-01T00:00:00Z')), undefined)
  },
)
