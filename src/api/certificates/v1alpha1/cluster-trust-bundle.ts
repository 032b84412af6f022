import { inVersion } from '../../machinery/other-version.ts'
import { clusterTrustBundle as beta } from '../v1beta1/cluster-trust-bundle.ts'

export const clusterTrustBundle = inVersion(beta, 'v1alpha1', {
  deprecation:
    'certificates.k8s.io/v1alpha1 ClusterTrustBundle is deprecated in v1.34+, unavailable in v1.37+',
})
