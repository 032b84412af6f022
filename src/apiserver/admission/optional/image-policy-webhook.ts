/** Somebody else says which images pods may have: each pod is asked about in an ImageReview, and what comes of it is remembered for a while. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf } from '#base/errors.ts'
import { askReview, type ReviewTarget } from '../../configuration/review-caller.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { asPod, concerns, refused } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'

export interface ImagePolicy {
  readonly target: ReviewTarget
  readonly allowTtlMs: number
  readonly denyTtlMs: number
  /** Before it is asked again the first time. */
  readonly retryBackoffMs: number
  /** Whether pods are let in where it cannot be asked. */
  readonly defaultAllow: boolean
}

const TIMEOUT_MS = 30_000
const MAXIMUM_ENTRIES = 1024
/** Only these annotations of a pod are told. */
const TOLD = /\.image-policy\.k8s\.io\//
const AUDIT = 'imagepolicywebhook.image-policy.k8s.io/'
const FAILED_OPEN = 'alpha.image-policy.k8s.io/failed-open'

interface Answer {
  readonly isAllowed: boolean
  readonly reason: string
  readonly notes: readonly (readonly [string, string])[]
}

export function imagePolicyWebhook({
  clock,
  pluginConfiguration,
}: Pick<AdmissionWorld, 'clock' | 'pluginConfiguration'>): AdmissionStep {
  const policy = pluginConfiguration?.imagePolicy
  const known = new Map<string, { readonly untilMs: number; readonly answer: Answer }>()
  const ask = async (spec: object, { target, retryBackoffMs, ...ttl }: ImagePolicy) => {
    const key = JSON.stringify(spec)
    const entry = known.get(key)
    if (entry && entry.untilMs > clock.monotonicMs()) return entry.answer
    known.delete(key)
    const review = {
      kind: 'ImageReview',
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      metadata: {},
      spec,
      status: { allowed: false },
    }
    const limits = { clock, timeoutMs: TIMEOUT_MS, firstPauseMs: retryBackoffMs }
    const answer = answerIn(await askReview(target, review, limits))
    const oldest = known.size >= MAXIMUM_ENTRIES ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    const ttlMs = answer.isAllowed ? ttl.allowTtlMs : ttl.denyTtlMs
    known.set(key, { untilMs: clock.monotonicMs() + ttlMs, answer })
    return answer
  }
  return {
    name: 'ImagePolicyWebhook',
    resources: ['pods'],
    isFor: request => policy !== undefined && isAboutImages(request),
    async validate(request) {
      if (!policy) return
      const pod = asPod(request.object as Pod)
      let answer: Answer
      try {
        answer = await ask(specOf(pod, request.namespace), policy)
      } catch (error) {
        if (!policy.defaultAllow) throw refused(request, messageOf(error))
        request.annotate?.(`${AUDIT}failed-open`, 'true')
        return
      }
      for (const [key, value] of answer.notes) request.annotate?.(`${AUDIT}${key}`, value)
      if (answer.isAllowed) return
      throw refused(
        request,
        answer.reason === ''
          ? 'one or more images rejected by webhook backend'
          : `image policy webhook backend denied one or more images: ${answer.reason}`,
      )
    },
  }
}

function isAboutImages(request: AdmissionRequest): boolean {
  const { object, subresource, operation } = request
  return (
    object !== undefined &&
    concerns(request, '', 'pods') &&
    (subresource === '' || subresource === 'ephemeralcontainers') &&
    (operation === 'CREATE' || operation === 'UPDATE')
  )
}

function specOf({ spec, metadata }: Pod, namespace: string): object {
  const images = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ].map(({ image }) => ({ image }))
  const told = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => TOLD.test(key) && key !== FAILED_OPEN,
  )
  return {
    containers: images,
    ...(told.length > 0 ? { annotations: Object.fromEntries(told) } : {}),
    namespace,
  }
}

function answerIn({ status }: Readonly<Record<string, unknown>>): Answer {
  const { allowed, reason, auditAnnotations } = isPlainObject(status) ? status : {}
  const notes = isPlainObject(auditAnnotations) ? Object.entries(auditAnnotations) : []
  return {
    isAllowed: allowed === true,
    reason: typeof reason === 'string' ? reason : '',
    notes: notes.map(([key, value]) => [key, String(value)] as const),
  }
}
