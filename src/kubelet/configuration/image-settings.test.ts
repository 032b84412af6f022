/** What upstream's kubelet, v1.36.3, was asked and said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evictionOf } from './eviction-settings.ts'
import { imageCollectionOf, pullLimitsOf, verificationOf } from './image-settings.ts'
import type { KubeletConfiguration } from './schema.ts'
import { optionsOf } from './settings.ts'

const LISTED = 'NeverVerifyAllowlistedImages'

test('who may use images that are there', () => {
  assert.equal(verificationOf({}), undefined)
  assert.deepEqual(
    verificationOf({
      imagePullCredentialsVerificationPolicy: LISTED,
      preloadedImagesVerificationAllowlist: ['example.com/*'],
    }),
    { policy: LISTED, allowlist: ['example.com/*'] },
  )
  const featureGates = { KubeletEnsureSecretPulledImages: false }
  assert.deepEqual(verificationOf({ featureGates }), { policy: 'NeverVerify', allowlist: [] })
})

test('how images are pulled, and when they go', () => {
  assert.equal(pullLimitsOf({ serializeImagePulls: false }), undefined)
  assert.deepEqual(pullLimitsOf({ serializeImagePulls: true }), { parallel: 1 })
  assert.deepEqual(pullLimitsOf({ maxParallelImagePulls: 3, registryPullQPS: 2 }), {
    parallel: 3,
    rate: { perSecond: 2, burst: 10 },
  })
  assert.equal(imageCollectionOf({ imageMaximumGCAge: '0s', imageMinimumGCAge: '0s' }), undefined)
  assert.deepEqual(imageCollectionOf({ imageMaximumGCAge: '1h' }), {
    ...{ highPercent: 85, lowPercent: 80, minimumAgeMs: 120_000, maximumAgeMs: 3_600_000 },
  })
})

test('who has to go, and when', () => {
  assert.equal(evictionOf({ evictionPressureTransitionPeriod: '0s' }), undefined)
  assert.deepEqual(
    evictionOf({
      evictionSoft: { 'memory.available': '10%', 'imagefs.available': '5%' },
      evictionSoftGracePeriod: { 'memory.available': '1m30s', 'imagefs.available': '1m' },
      evictionMinimumReclaim: { 'nodefs.available': '1Gi' },
      evictionMaxPodGracePeriod: 20,
      evictionPressureTransitionPeriod: '30s',
    }),
    {
      soft: { 'memory.available': '10%' },
      softGraceMs: { 'memory.available': 90_000, 'imagefs.available': 60_000 },
      minimumReclaim: { 'nodefs.available': '1Gi' },
      maximumPodGraceSeconds: 20,
      transitionMs: 30_000,
    },
  )
})

test('what is refused', () => {
  const preloadedImagesVerificationAllowlist = ['a/b']
  const cases: [KubeletConfiguration, string][] = [
    [
      { imagePullCredentialsVerificationPolicy: 'Sometimes' },
      'option "Sometimes" specified for imagePullCredentialsVerificationPolicy. Valid options are "NeverVerify", "NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages" or "AlwaysVerify"',
    ],
    [
      { preloadedImagesVerificationAllowlist },
      'can\'t set `preloadedImagesVerificationAllowlist` if `imagePullCredentialsVertificationPolicy` is not "NeverVerifyAllowlistedImages"',
    ],
    [
      {
        imagePullCredentialsVerificationPolicy: LISTED,
        preloadedImagesVerificationAllowlist: ['a*'],
      },
      "invalid image pattern in `preloadedImagesVerificationAllowlist`: not a valid wildcard pattern, only patterns ending with '/*' are allowed: a*",
    ],
    [
      {
        featureGates: { KubeletEnsureSecretPulledImages: false },
        imagePullCredentialsVerificationPolicy: 'AlwaysVerify',
      },
      '`imagePullCredentialsVerificationPolicy` must not be set if KubeletEnsureSecretPulledImages feature gate is not enabled',
    ],
    [{ maxParallelImagePulls: 0 }, 'maxParallelImagePulls 0 must be a positive number'],
    [
      { maxParallelImagePulls: 3, serializeImagePulls: true },
      'maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false',
    ],
    [{ registryBurst: -1 }, 'registryBurst (--registry-burst) -1 must not be a negative number'],
    [{ registryPullQPS: -1 }, 'registryPullQPS (--registry-qps) -1 must not be a negative number'],
    [
      { imageGCHighThresholdPercent: 101 },
      'imageGCHighThresholdPercent (--image-gc-high-threshold) 101 must be between 0 and 100, inclusive',
    ],
    [
      { imageGCHighThresholdPercent: 50 },
      'imageGCLowThresholdPercent (--image-gc-low-threshold) 80 must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) 50',
    ],
    [{ imageMinimumGCAge: '-1s' }, 'imageMinimumGCAge -1s must not be negative'],
    [
      { imageMaximumGCAge: '2m' },
      'imageMaximumGCAge 2m0s must be greater than imageMinimumGCAge 2m0s',
    ],
    [
      { evictionSoft: { 'memory.available': '1Gi' } },
      'grace period must be specified for the soft eviction threshold memory.available',
    ],
    [{ evictionHard: { nope: '1%' } }, 'unsupported eviction signal nope'],
  ]
  for (const [configuration, why] of cases)
    assert.throws(() => optionsOf(configuration), {
      name: 'UserError',
      message: `invalid kubelet configuration: ${why}`,
    })
})
