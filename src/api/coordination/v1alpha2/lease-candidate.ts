import { inVersion } from '../../machinery/other-version.ts'
import { leaseCandidate as beta } from '../v1beta1/lease-candidate.ts'

export const leaseCandidate = inVersion(beta, 'v1alpha2')
