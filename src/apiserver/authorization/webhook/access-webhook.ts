/**
 * Rights that somebody else decides about: each request that nobody before decided is asked about in a SubjectAccessReview, and what comes
 * of it is remembered for a while.
 */
import { isPlainObject } from '#api/machinery/plain.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { askReview, ReviewFailure, type ReviewTarget } from '../../configuration/review-caller.ts'
import {
  type Attributes,
  type Authorizer,
  allow,
  type Decision,
  deny,
  noOpinion,
} from '../authorizer.ts'
import { conditionsHold } from './match-conditions.ts'
import { type ReviewSpec, reviewSpec } from './review.ts'
import type { WebhookFigures } from './webhook-figures.ts'

export interface AccessWebhookOptions {
  /** For metrics. */
  readonly name: string
  readonly target: ReviewTarget
  readonly version: 'v1' | 'v1beta1'
  readonly timeoutMs: number
  readonly authorizedTtlMs: number
  readonly unauthorizedTtlMs: number
  /** What it means that no answer could be had. */
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  /** It is asked where all of these hold. */
  readonly matchConditions: readonly string[]
  readonly clock: Clock
  readonly figures: WebhookFigures
}

/** More than are asked again within the time that they are remembered. */
const MAXIMUM_ENTRIES = 8192
/** Names that are longer are tried out rather than used, and memory is for others. */
const MAXIMUM_KEY_LENGTH = 10_000

export function accessWebhook(options: AccessWebhookOptions): Authorizer {
  const { name, clock, figures, failurePolicy, matchConditions } = options
  const entries = new Map<string, { readonly untilMs: number; readonly decision: Decision }>()
  const remember = (key: string, decision: Decision) => {
    const ttlMs = decision.verdict === 'allow' ? options.authorizedTtlMs : options.unauthorizedTtlMs
    if (ttlMs <= 0 || key.length > MAXIMUM_KEY_LENGTH) return
    const oldest = entries.size >= MAXIMUM_ENTRIES ? entries.keys().next().value : undefined
    if (oldest !== undefined) entries.delete(oldest)
    entries.set(key, { untilMs: clock.monotonicMs() + ttlMs, decision })
  }
  const failed = (error: string): Decision => ({
    ...(failurePolicy === 'Deny' ? deny() : noOpinion()),
    error,
  })
  const ask = async (key: string, spec: ReviewSpec): Promise<Decision> => {
    const began = clock.monotonicMs()
    const asked = (result: string) =>
      figures.asked(name, result, (clock.monotonicMs() - began) / 1000)
    try {
      const decision = await answerOf(options, spec)
      asked('success')
      remember(key, decision)
      return decision
    } catch (error) {
      const result = error instanceof ReviewFailure ? error.result : 'error'
      asked(result)
      if (failurePolicy === 'NoOpinion') figures.failedOpen(name, result)
      return failed(messageOf(error))
    }
  }
  return {
    authorize(attributes: Attributes) {
      const spec = reviewSpec(attributes)
      if (matchConditions.length > 0) {
        const began = clock.monotonicMs()
        try {
          const isMatched = conditionsHold(matchConditions, spec)
          figures.matched(name, (clock.monotonicMs() - began) / 1000)
          if (!isMatched) {
            figures.excluded(name)
            return noOpinion()
          }
        } catch (error) {
          figures.matched(name, (clock.monotonicMs() - began) / 1000)
          figures.conditionFailed(name)
          return failed(messageOf(error))
        }
      }
      const key = JSON.stringify(spec)
      const known = entries.get(key)
      if (known && known.untilMs > clock.monotonicMs()) return known.decision
      entries.delete(key)
      return ask(key, spec)
    },
    rulesFor: () => ({
      rules: [],
      incomplete: true,
      errors: ['webhook authorizer does not support user rule resolution'],
    }),
  }
}

async function answerOf(
  { target, version, timeoutMs, clock }: AccessWebhookOptions,
  spec: ReviewSpec,
): Promise<Decision> {
  const { groups, ...rest } = spec
  const review = {
    kind: 'SubjectAccessReview',
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: {},
    // The older version has another name for them.
    spec: groups ? { ...rest, [version === 'v1' ? 'groups' : 'group']: groups } : rest,
    status: { allowed: false },
  }
  const { status } = await askReview(target, review, { clock, timeoutMs })
  const { allowed, denied, reason } = isPlainObject(status) ? status : {}
  const why = typeof reason === 'string' ? reason : ''
  // It was asked and it answered, but what it means is none of both.
  if (allowed === true && denied === true)
    return {
      ...deny(),
      error: 'webhook subject access review returned both allow and deny response',
    }
  if (denied === true) return deny(why)
  return allowed === true ? allow(why) : noOpinion(why)
}
