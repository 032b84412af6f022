import { inVersion } from '../../machinery/other-version.ts'
import { clusterTrustBundle as beta } from '../v1beta1/cluster-trust-bundle.ts'

export const clusterTrustBundle = inVersion(beta, 'v1alpha1')
