/**
 * Bootstrap tokens: Secrets in kube-system by which a new node comes in for the first time, as `system:bootstrap:ID`. What they may do is
 * up to bindings of system:bootstrappers and of the groups that the token names.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '#api/core/v1/secret.ts'
import { millisecondsOf } from '#api/machinery/time.ts'
import type { Clock } from '#base/clock.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import type { TokenVerifier } from './bearer-tokens.ts'

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const TYPE = 'bootstrap.kubernetes.io/token'
const GROUP = 'system:bootstrappers'
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

export interface BootstrapTokenOptions {
  readonly secret: (namespace: string, name: string) => Eventually<Secret | undefined>
  /** What this server calls itself: such tokens are for nobody else. */
  readonly audiences: readonly string[]
  readonly clock: Clock
}

export function bootstrapTokens({
  secret,
  audiences,
  clock,
}: BootstrapTokenOptions): TokenVerifier {
  return {
    async verify(token, wanted = audiences) {
      const [, id = '', key = ''] = TOKEN.exec(token) ?? []
      if (id === '') return undefined
      const found = await secret('kube-system', `bootstrap-token-${id}`)
      if (!found || !isGood(found, { id, key, nowMs: clock.now() })) return undefined
      const groups = groupsOf(textOf(found, 'auth-extra-groups'))
      const common = wanted.filter(audience => audiences.includes(audience))
      if (!groups || common.length === 0) return undefined
      return { user: { name: `system:bootstrap:${id}`, groups }, audiences: common }
    },
  }
}

function isGood(found: Secret, { id, key, nowMs }: { id: string; key: string; nowMs: number }) {
  const expiration = textOf(found, 'expiration')
  // A time that cannot be read is over.
  const isOver = expiration !== '' && !((millisecondsOf(expiration) ?? 0) > nowMs)
  return (
    !found.metadata.deletionTimestamp &&
    found.type === TYPE &&
    isSame(textOf(found, 'token-secret'), key) &&
    textOf(found, 'token-id') === id &&
    !isOver &&
    textOf(found, 'usage-bootstrap-authentication') === 'true'
  )
}

/** In order and each once, as upstream; undefined where the token names a group that it must not. */
function groupsOf(text: string): string[] | undefined {
  const extra = text === '' ? [] : text.split(',')
  return extra.every(group => EXTRA_GROUP.test(group))
    ? [...new Set([GROUP, ...extra])].sort()
    : undefined
}

function textOf({ data = {} }: Secret, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8')
}

/** Takes the same time whatever the texts are. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
