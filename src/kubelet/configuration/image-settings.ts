/** What a KubeletConfiguration says of images: who may use those that are there, how they are pulled, and when they go. Pure. */
import { formatDuration, parseDuration } from '#api/machinery/duration.ts'
import { UserError } from '#base/errors.ts'
import type { PullLimits } from '../containers/pulls.ts'
import type { ImageCollection } from '../eviction/image-collection.ts'
import {
  patternProblem,
  VERIFICATION_POLICIES,
  type Verification,
} from '../image-access/verification-policy.ts'
import type { KubeletConfiguration } from './schema.ts'

const NANOSECONDS = 1_000_000n
/** Upstream's, which a file stands on that does not name them. */
const HIGH_PERCENT = 85
const LOW_PERCENT = 80
const MINIMUM_AGE = '2m0s'
const BURST = 10

const invalid = (why: string) => new UserError(`invalid kubelet configuration: ${why}`)

/** Throws a UserError. Undefined leaves the kubelet its own. */
export function verificationOf(configuration: KubeletConfiguration): Verification | undefined {
  const { featureGates, preloadedImagesVerificationAllowlist: allowlist = [] } = configuration
  const wanted = configuration.imagePullCredentialsVerificationPolicy || undefined
  if (featureGates?.KubeletEnsureSecretPulledImages === false) {
    if (wanted)
      throw invalid(
        '`imagePullCredentialsVerificationPolicy` must not be set if KubeletEnsureSecretPulledImages feature gate is not enabled',
      )
    return { policy: 'NeverVerify', allowlist: [] }
  }
  const policy = VERIFICATION_POLICIES.find(each => each === wanted)
  if (wanted && !policy)
    throw invalid(
      `option ${JSON.stringify(wanted)} specified for imagePullCredentialsVerificationPolicy. Valid options are "NeverVerify", "NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages" or "AlwaysVerify"`,
    )
  if (policy !== 'NeverVerifyAllowlistedImages' && allowlist.length > 0)
    throw invalid(
      // Spelled as upstream spells it.
      'can\'t set `preloadedImagesVerificationAllowlist` if `imagePullCredentialsVertificationPolicy` is not "NeverVerifyAllowlistedImages"',
    )
  for (const pattern of allowlist) {
    const problem = patternProblem(pattern)
    if (problem)
      throw invalid(`invalid image pattern in \`preloadedImagesVerificationAllowlist\`: ${problem}`)
  }
  return policy && { policy, allowlist }
}

/** Throws a UserError. */
export function pullLimitsOf(configuration: KubeletConfiguration): PullLimits | undefined {
  const { maxParallelImagePulls, serializeImagePulls, registryPullQPS, registryBurst } =
    configuration
  if (maxParallelImagePulls !== undefined && maxParallelImagePulls < 1)
    throw invalid(`maxParallelImagePulls ${maxParallelImagePulls} must be a positive number`)
  if (serializeImagePulls && (maxParallelImagePulls ?? 1) > 1)
    throw invalid(
      'maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false',
    )
  if ((registryBurst ?? 0) < 0)
    throw invalid(`registryBurst (--registry-burst) ${registryBurst} must not be a negative number`)
  if ((registryPullQPS ?? 0) < 0)
    throw invalid(
      `registryPullQPS (--registry-qps) ${registryPullQPS} must not be a negative number`,
    )
  const parallel = serializeImagePulls ? 1 : maxParallelImagePulls
  if (parallel === undefined && !registryPullQPS) return undefined
  return {
    ...(parallel === undefined ? {} : { parallel }),
    ...(registryPullQPS
      ? { rate: { perSecond: registryPullQPS, burst: registryBurst || BURST } }
      : {}),
  }
}

/** Undefined where the file says nothing of it; what it leaves out is as upstream, from 85 percent on down to 80. Throws a UserError. */
export function imageCollectionOf(
  configuration: KubeletConfiguration,
): ImageCollection | undefined {
  const { imageGCHighThresholdPercent, imageGCLowThresholdPercent } = configuration
  const highPercent = imageGCHighThresholdPercent ?? HIGH_PERCENT
  const lowPercent = imageGCLowThresholdPercent ?? LOW_PERCENT
  const named = {
    high: `imageGCHighThresholdPercent (--image-gc-high-threshold) ${highPercent}`,
    low: `imageGCLowThresholdPercent (--image-gc-low-threshold) ${lowPercent}`,
  }
  const isPercent = (value: number) => value >= 0 && value <= 100
  if (!isPercent(highPercent)) throw invalid(`${named.high} must be between 0 and 100, inclusive`)
  if (!isPercent(lowPercent)) throw invalid(`${named.low} must be between 0 and 100, inclusive`)
  if (lowPercent >= highPercent) throw invalid(`${named.low} must be less than ${named.high}`)
  const minimumAge = durationOf('imageMinimumGCAge', configuration.imageMinimumGCAge)
  const maximumAge = durationOf('imageMaximumGCAge', configuration.imageMaximumGCAge)
  if (
    imageGCHighThresholdPercent === undefined &&
    imageGCLowThresholdPercent === undefined &&
    minimumAge === 0n &&
    maximumAge === 0n
  )
    return undefined
  const minimum = minimumAge || parseDuration(MINIMUM_AGE)
  if (maximumAge > 0n && maximumAge <= minimum)
    throw invalid(
      `imageMaximumGCAge ${formatDuration(maximumAge)} must be greater than imageMinimumGCAge ${formatDuration(minimum)}`,
    )
  return {
    ...{ highPercent, lowPercent },
    minimumAgeMs: Number(minimum / NANOSECONDS),
    ...(maximumAge > 0n ? { maximumAgeMs: Number(maximumAge / NANOSECONDS) } : {}),
  }
}

function durationOf(name: string, value: unknown): bigint {
  if (value === undefined || value === '') return 0n
  let duration: bigint
  try {
    duration = parseDuration(String(value))
  } catch {
    throw new UserError(
      `invalid kubelet configuration: ${name} wants a time such as 10s, not "${value}"`,
    )
  }
  if (duration < 0n) throw invalid(`${name} ${formatDuration(duration)} must not be negative`)
  return duration
}
