/** What a cloud controller manager may do: upstream leaves that to the manifests of each provider. */
import { eventsRule, rule } from './bootstrap-rules.ts'

export const CLOUD_USER = 'system:cloud-controller-manager'
export const CLOUD_ROLE = 'proa:cloud-controller-manager'

export const cloudRules = [
  rule('delete get list patch update watch', 'core', 'nodes'),
  rule('patch update', 'core', 'nodes/status services/status'),
  rule('get list watch', 'core', 'services'),
  eventsRule,
  // Who asks at its own port is the API server's to say.
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
]
