/** What upstream counts about plugins and what they seal, under its names. */
import type { Clock } from '#base/clock.ts'
import {
  createFigureBook,
  exponentialBounds,
  type FigureSource,
  type Sample,
} from '#base/figures.ts'
import type { Direction } from '../transformation-figures.ts'
import { hashOf } from './encrypted-object.ts'
import { codeOf } from './key-service.ts'

export interface KmsFigures {
  called(provider: string, method: string, seconds: number, error: unknown): void
  keyUsed(direction: Direction, provider: string, keyId: string): void
  statusKey(provider: string, keyId: string): void
  invalidStatusKey(provider: string, error: string): void
  keysHeld(provider: string, keys: number): void
  keyMissed(): void
  keyMade(seconds: number): void
  keyNotMade(): void
  readonly source: FigureSource
}

const PREFIX = 'apiserver_envelope_encryption'
/** Upstream forgets all but so many keys, too. */
const MAXIMUM_SERIES = 100

/** `serverId` is the identity of this API server, which is shown as a hash. */
export function kmsFigures(clock: Clock, serverId: string): KmsFigures {
  const book = createFigureBook()
  const apiserver_id_hash = hashOf(serverId)
  const latency = book.histogram(
    `${PREFIX}_kms_operations_latency_seconds`,
    'KMS operation duration with gRPC error code status total.',
    exponentialBounds(0.0001, 2, 20),
    ['provider_name', 'method_name', 'grpc_status_code'],
  )
  const invalid = book.counter(
    `${PREFIX}_invalid_key_id_from_status_total`,
    'Number of times an invalid keyID is returned by the Status RPC call split by error.',
    ['provider_name', 'error'],
  )
  const missed = book.counter(
    'apiserver_storage_envelope_transformation_cache_misses_total',
    'Total number of cache misses while accessing key decryption key(KEK).',
  )
  const made = book.histogram(
    'apiserver_storage_data_key_generation_duration_seconds',
    'Latencies in seconds of data encryption key(DEK) generation operations.',
    exponentialBounds(5e-6, 2, 14),
  )
  const notMade = book.counter(
    'apiserver_storage_data_key_generation_failures_total',
    'How often a data encryption key could not be made.',
  )
  const uses = new RecentSeries()
  const used = new RecentSeries()
  const told = new RecentSeries()
  const sizes = new RecentSeries()
  book.gauge(
    `${PREFIX}_key_id_hash_last_timestamp_seconds`,
    'The last time in seconds when a keyID was used.',
    () => used.samples(),
  )
  book.gauge(
    `${PREFIX}_key_id_hash_status_last_timestamp_seconds`,
    'The last time in seconds when a keyID was returned by the Status RPC call.',
    () => told.samples(),
  )
  book.gauge(
    `${PREFIX}_dek_source_cache_size`,
    'Number of records in data encryption key (DEK) source cache. On a restart, this value is an approximation of the number of decrypt RPC calls the server will make to the KMS plugin.',
    () => sizes.samples(),
  )
  return {
    called: (provider, method, seconds, error) =>
      latency.observe([provider, method, codeOf(error)], seconds),
    keyUsed(transformation_type, provider_name, keyId) {
      const labels = {
        transformation_type,
        provider_name,
        key_id_hash: hashOf(keyId),
        apiserver_id_hash,
      }
      uses.set(labels, before => before + 1)
      used.set(labels, () => clock.now() / 1000)
    },
    statusKey: (provider_name, keyId) =>
      told.set(
        { provider_name, key_id_hash: hashOf(keyId), apiserver_id_hash },
        () => clock.now() / 1000,
      ),
    invalidStatusKey: (provider, error) => invalid.add([provider, error]),
    keysHeld: (provider_name, keys) => sizes.set({ provider_name }, () => keys),
    keyMissed: () => missed.add([]),
    keyMade: seconds => made.observe([], seconds),
    keyNotMade: () => notMade.add([]),
    source: () => [
      ...book.source(),
      {
        name: `${PREFIX}_key_id_hash_total`,
        help: 'Number of times a keyID is used split by transformation type, provider, and apiserver identity.',
        type: 'counter',
        values: uses.samples(),
      },
    ],
  }
}

/** Numbers by labels; those that were set last. */
class RecentSeries {
  readonly #samples = new Map<string, Sample>()

  set(labels: Sample['labels'], next: (before: number) => number): void {
    const key = Object.values(labels).join('\0')
    const before = this.#samples.get(key)?.value ?? 0
    this.#samples.delete(key)
    this.#samples.set(key, { labels, value: next(before) })
    const [oldest = ''] = this.#samples.keys()
    if (this.#samples.size > MAXIMUM_SERIES) this.#samples.delete(oldest)
  }

  samples(): Sample[] {
    return [...this.#samples.values()]
  }
}
