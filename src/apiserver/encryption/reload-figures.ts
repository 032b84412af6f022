/**
 * What upstream counts about the file of an EncryptionConfiguration, under its names (kubernetes/apiserver,
 * pkg/server/options/encryptionconfig/metrics).
 */
import { createHash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { createFigureBook, type FigureSource } from '#base/figures.ts'
import { hashOf } from './kms/encrypted-object.ts'

export interface ReloadFigures {
  /** `bytes` of the file count from now on. */
  used(bytes: Uint8Array): void
  reloaded(status: 'success' | 'failure'): void
  readonly source: FigureSource
}

const PREFIX = 'apiserver_encryption_config_controller'

/** `serverId` is the identity of this API server, which is shown as a hash. */
export function reloadFigures(clock: Clock, serverId: string): ReloadFigures {
  const book = createFigureBook()
  const apiserver_id_hash = hashOf(serverId)
  const total = book.counter(
    `${PREFIX}_automatic_reloads_total`,
    'How often a changed encryption configuration was taken or refused.',
    ['status', 'apiserver_id_hash'],
  )
  const last = new Map<string, number>()
  let hash: string | undefined
  book.gauge(
    `${PREFIX}_automatic_reload_last_timestamp_seconds`,
    'When a changed encryption configuration was last taken or refused.',
    () => [...last].map(([status, value]) => ({ labels: { status, apiserver_id_hash }, value })),
  )
  book.gauge(
    `${PREFIX}_last_config_info`,
    'The hash of the encryption configuration that counts.',
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
