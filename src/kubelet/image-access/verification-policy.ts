/** Of which images that are on the node a pod has to show that it may pull them. Pure. */
import { repositoryOf } from '../credentials/image-match.ts'

export const VERIFICATION_POLICIES = [
  'NeverVerify',
  'NeverVerifyPreloadedImages',
  'NeverVerifyAllowlistedImages',
  'AlwaysVerify',
] as const
export type VerificationPolicy = (typeof VERIFICATION_POLICIES)[number]

export const DEFAULT_VERIFICATION_POLICY: VerificationPolicy = 'NeverVerifyPreloadedImages'

export interface Verification {
  readonly policy: VerificationPolicy
  /** Repositories, or beginnings of them that end with `/*`; only NeverVerifyAllowlistedImages has some. */
  readonly allowlist: readonly string[]
}

/** `wasPulled`: by this kubelet or one before it, and not brought by somebody else. */
export function mustVerify(
  { policy, allowlist }: Verification,
  image: string,
  wasPulled: boolean,
): boolean {
  if (policy === 'NeverVerify') return false
  if (policy === 'AlwaysVerify') return true
  if (policy === 'NeverVerifyPreloadedImages') return wasPulled
  const repository = repositoryOf(image)
  return !allowlist.some(pattern =>
    pattern.endsWith('/*') ? repository.startsWith(pattern.slice(0, -1)) : repository === pattern,
  )
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const DOMAIN = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?'
const REPOSITORY = new RegExp(`^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*$`)
const WITH_TAG_OR_DIGEST = /(?::\w[\w.-]{0,127})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$/
const LONGEST = 4096

/** What is wrong with an entry of the list, in upstream's words; undefined where nothing is. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern !== pattern.trim()) return `leading/trailing spaces are not allowed: ${pattern}`
  const isWildcard = pattern.endsWith('/*')
  const bare = isWildcard ? pattern.slice(0, -1) : pattern
  if (bare === '') return `the supplied pattern is too short: ${pattern}`
  if (bare.includes('*'))
    return `not a valid wildcard pattern, only patterns ending with '/*' are allowed: ${pattern}`
  if (isWildcard) return bare === '/' ? 'at least registry hostname is required' : undefined
  const repository = bare.replace(WITH_TAG_OR_DIGEST, '')
  if (bare.length > LONGEST || !REPOSITORY.test(repository))
    return 'failed to parse as an image name: invalid reference format'
  // Whole names only: an image that is asked for by a short one is looked for by its whole one.
  return bare === repositoryOf(bare)
    ? undefined
    : `neither tag nor digest is accepted in an image reference: ${pattern}`
}
