import { inVersion } from '../../machinery/other-version.ts'
import { leaseCandidate as beta } from '../v1beta1/lease-candidate.ts'

export const leaseCandidate = inVersion(beta, 'v1alpha2', {
  deprecation:
    'coordination.k8s.io/v1alpha2 LeaseCandidate is deprecated in v1.35+, unavailable in v1.38+',
})
