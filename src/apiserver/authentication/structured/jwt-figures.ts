/** What upstream counts about issuers of tokens, under its names (kubernetes/apiserver, plugin/pkg/authenticator/token/oidc). */
import type { Clock } from '#base/clock.ts'
import { createFigureBook, type FigureSource } from '#base/figures.ts'
import { hashOf } from '../../encryption/kms/encrypted-object.ts'

const PREFIX = 'apiserver_authentication_jwt_authenticator'
const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface JwtFigures {
  judged(issuer: string, result: 'success' | 'failure', seconds: number): void
  fetched(issuer: string, keys: string): void
  notFetched(issuer: string): void
  /** The issuer is not believed any more. */
  forget(issuer: string): void
  readonly source: FigureSource
}

export function jwtFigures(clock: Clock, serverId: string): JwtFigures {
  const book = createFigureBook()
  const apiserver_id_hash = hashOf(serverId)
  const latency = book.histogram(
    `${PREFIX}_latency_seconds`,
    'How long it took to judge a token that was not judged just before.',
    BOUNDS,
    ['result', 'jwt_issuer_hash'],
  )
  const times = new Map<string, Map<string, number>>()
  const sets = new Map<string, string>()
  const at = (issuer: string, result: string) => {
    const of = times.get(issuer) ?? new Map<string, number>()
    times.set(issuer, of.set(result, clock.now() / 1000))
  }
  book.gauge(
    `${PREFIX}_jwks_fetch_last_timestamp_seconds`,
    "When an issuer's keys were last fetched, or could not be.",
    () =>
      [...times].flatMap(([issuer, of]) =>
        [...of].map(([result, value]) => ({
          labels: { result, jwt_issuer_hash: hashOf(issuer), apiserver_id_hash },
          value,
        })),
      ),
  )
  book.gauge(
    `${PREFIX}_jwks_fetch_last_key_set_info`,
    'The hash of the keys that an issuer published last.',
    () =>
      [...sets].map(([issuer, keys]) => ({
        labels: { jwt_issuer_hash: hashOf(issuer), apiserver_id_hash, hash: hashOf(keys) },
        value: 1,
      })),
  )
  return {
    judged: (issuer, result, seconds) => latency.observe([result, hashOf(issuer)], seconds),
    fetched(issuer, keys) {
      sets.set(issuer, keys)
      at(issuer, 'success')
    },
    notFetched: issuer => at(issuer, 'failure'),
    forget: issuer => void sets.delete(issuer),
    source: book.source,
  }
}
