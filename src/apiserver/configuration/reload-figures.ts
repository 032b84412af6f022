/**
 * What upstream counts about a configuration file that is read anew while the server runs, under its names (kubernetes/apiserver,
 * pkg/server/options/encryptionconfig/metrics and its like for authentication and authorization).
 */
import { createHash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { createFigureBook, type FigureSource } from '#base/figures.ts'
import { hashOf } from '../encryption/kms/encrypted-object.ts'

export interface ReloadFigures {
  /** `bytes` of the file count from now on. */
  used(bytes: Uint8Array): void
  reloaded(status: 'success' | 'failure'): void
  readonly source: FigureSource
}

/** `serverId` is the identity of this API server, which is shown as a hash. */
export function reloadFigures(
  clock: Clock,
  serverId: string,
  subject: 'encryption' | 'authentication' | 'authorization',
): ReloadFigures {
  const prefix = `apiserver_${subject}_config_controller`
  const book = createFigureBook()
  const apiserver_id_hash = hashOf(serverId)
  const total = book.counter(
    `${prefix}_automatic_reloads_total`,
    `How often a changed ${subject} configuration was taken or refused.`,
    ['status', 'apiserver_id_hash'],
  )
  const last = new Map<string, number>()
  let hash: string | undefined
  book.gauge(
    `${prefix}_automatic_reload_last_timestamp_seconds`,
    `When a changed ${subject} configuration was last taken or refused.`,
    () => [...last].map(([status, value]) => ({ labels: { status, apiserver_id_hash }, value })),
  )
  book.gauge(
    `${prefix}_last_config_info`,
    `The hash of the ${subject} configuration that counts.`,
    () => (hash === undefined ? [] : [{ labels: { apiserver_id_hash, hash }, value: 1 }]),
  )
  return {
    used(bytes) {
      hash = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    },
    reloaded(status) {
      total.add([status, apiserver_id_hash])
      last.set(status, clock.now() / 1000)
    },
    source: book.source,
  }
}
