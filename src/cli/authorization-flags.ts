/** Flags about who may do what; upstream's names. Undefined is what nobody said. */
import { reviewVersion } from './authentication-flags.ts'
import { durationFlag, type Flag, textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'

const text = (name: string, doc: string) => textFlag(name, 'FILE', doc, undefined)

/** What is said is told from what is not, for a file says it all. */
const ttl = (name: string, doc: string): Flag<number | undefined> => ({
  ...durationFlag(name, doc, 0),
  fallback: undefined,
})

export const authorizationFlags = under('Authorization', {
  authorizationMode: listFlag(
    'authorization-mode',
    'LIST',
    'who is asked about rights, in order: Node, RBAC, ABAC, Webhook, AlwaysAllow, AlwaysDeny (default: Node,RBAC)',
    undefined,
  ),
  authorizationConfig: text(
    'authorization-config',
    'an AuthorizationConfiguration, which says all of that; read anew when it changes',
  ),
  authorizationPolicyFile: text('authorization-policy-file', 'the policies of ABAC'),
  authorizationWebhookConfigFile: text(
    'authorization-webhook-config-file',
    'a kubeconfig that says who else decides',
  ),
  authorizationWebhookVersion: reviewVersion(
    'authorization-webhook-version',
    'in which version of SubjectAccessReview (default: v1beta1)',
    undefined,
  ),
  authorizationWebhookCacheAuthorizedTtlMs: ttl(
    'authorization-webhook-cache-authorized-ttl',
    'how long what it allows is remembered (default: 5m)',
  ),
  authorizationWebhookCacheUnauthorizedTtlMs: ttl(
    'authorization-webhook-cache-unauthorized-ttl',
    'how long what it does not allow is remembered (default: 30s)',
  ),
})
