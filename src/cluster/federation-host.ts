/** The host of a federation: an API server whose objects run in other clusters. */
import type { FederationOptions } from '#federation'
import type { CompleteOptions } from './options.ts'

/**
 * What looks after the host itself. Nothing that makes pods or anything else of the objects: that is for the clusters to do. The garbage collector and the
 * namespace controller delete as anywhere; jobs that are over are cleaned up by the host, and so in all clusters.
 */
export const HOST_CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'ttl-after-finished-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'legacy-serviceaccount-token-cleaner-controller',
  'clusterrole-aggregation-controller',
  'certificatesigningrequest-approving-controller',
  'certificatesigningrequest-signing-controller',
  'certificatesigningrequest-cleaner-controller',
  'validatingadmissionpolicy-status-controller',
].join(',')

/** Where `federation` is asked for, the rest of the defaults is that of a host. */
export function hostDefaults(federation: FederationOptions | undefined): Partial<CompleteOptions> {
  return federation ? { controllers: HOST_CONTROLLERS } : {}
}
