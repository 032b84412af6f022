/** What a PodSecurityConfiguration says: the standards of namespaces that say nothing, and who is not judged at all. */
import { UserError } from '#base/errors.ts'
import { decodeValue, type FileKind, list, struct } from '../../configuration/decode.ts'
import { type Policy, policyIn } from './policy.ts'

export interface PodSecurityDefaults {
  readonly policy: Policy
  readonly usernames: ReadonlySet<string>
  readonly runtimeClasses: ReadonlySet<string>
  readonly namespaces: ReadonlySet<string>
}

const GROUP = 'pod-security.admission.config.k8s.io'
const FILE: FileKind = {
  kind: 'PodSecurityConfiguration',
  versions: [`${GROUP}/v1alpha1`, `${GROUP}/v1beta1`, `${GROUP}/v1`],
  fields: {
    defaults: struct('PodSecurityDefaults', {
      enforce: 'text',
      'enforce-version': 'text',
      audit: 'text',
      'audit-version': 'text',
      warn: 'text',
      'warn-version': 'text',
    }),
    exemptions: struct('PodSecurityExemptions', {
      usernames: list('text'),
      runtimeClasses: list('text'),
      namespaces: list('text'),
    }),
  },
}

/** Throws a UserError. */
export function podSecurityDefaults(value: unknown): PodSecurityDefaults {
  const { defaults, exemptions } = decodeValue(value, FILE) as {
    defaults?: Readonly<Record<string, string>>
    exemptions?: Readonly<Record<string, readonly string[]>>
  }
  const { policy, errors } = policyIn(defaults ?? {}, 'defaults')
  if (errors.length > 0)
    throw new UserError(errors.map(({ field, message }) => `${field}: ${message}`).join(', '))
  const { usernames = [], runtimeClasses = [], namespaces = [] } = exemptions ?? {}
  return {
    policy,
    usernames: new Set(usernames),
    runtimeClasses: new Set(runtimeClasses),
    namespaces: new Set(namespaces),
  }
}
