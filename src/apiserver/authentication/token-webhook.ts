/** Tokens that somebody else knows: each is asked about in a TokenReview. */
import { isPlainObject } from '#api/machinery/plain.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { askReview, type ReviewTarget } from '../configuration/review-caller.ts'
import { type UserInfo, wrongToken } from './authenticator.ts'
import type { TokenVerifier } from './bearer-tokens.ts'

export interface TokenWebhookOptions {
  readonly target: ReviewTarget
  readonly version: 'v1' | 'v1beta1'
  /** What this API server calls itself. */
  readonly audiences: readonly string[]
  readonly clock: Clock
  readonly log: Log
}

/** For a question with all its attempts. */
const TIMEOUT_MS = 30_000

export function tokenWebhook(options: TokenWebhookOptions): TokenVerifier {
  const { target, version, audiences: own, clock, log } = options
  return {
    async verify(token, wanted = own) {
      const review = {
        kind: 'TokenReview',
        apiVersion: `authentication.k8s.io/${version}`,
        metadata: {},
        spec: { token, ...(wanted.length > 0 ? { audiences: wanted } : {}) },
        status: { user: {} },
      }
      let answer: Readonly<Record<string, unknown>>
      try {
        answer = await askReview(target, review, { clock, timeoutMs: TIMEOUT_MS })
      } catch (error) {
        log.error('the webhook that knows tokens could not be asked', { error: messageOf(error) })
        throw wrongToken(messageOf(error))
      }
      const status = isPlainObject(answer.status) ? answer.status : {}
      const given = textsIn(status.audiences)
      const common = wanted.filter(each => (given.length > 0 ? given : own).includes(each))
      if (status.authenticated !== true) {
        const { error } = status
        if (typeof error === 'string' && error !== '') throw wrongToken(error)
        return undefined
      }
      // A token for others is none of ours.
      if (wanted.length > 0 && common.length === 0) return undefined
      return { user: userIn(status.user), audiences: common }
    },
  }
}

function userIn(value: unknown): UserInfo {
  const { username, uid, groups, extra } = isPlainObject(value) ? value : {}
  const more = isPlainObject(extra)
    ? Object.entries(extra).map(([key, of]) => [key, textsIn(of)] as const)
    : []
  return {
    name: typeof username === 'string' ? username : '',
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    groups: textsIn(groups),
    ...(more.length > 0 ? { extra: Object.fromEntries(more) } : {}),
  }
}

const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
