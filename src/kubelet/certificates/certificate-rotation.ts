/**
 * Keeps a node's certificate from expiring: when seven to nine tenths of its life are over, or when it does not say what it should any more,
 * another is asked for, with another key.
 */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type Clock, Pauses } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Counter, Histogram } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import type { WantedCertificate } from '#base/pki/make-request.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import type { Running } from '#client/role.ts'
import type { CertificateStore } from './certificate-store.ts'
import { type Purpose, requestCertificate } from './signing-request.ts'

/** Often, since the clock may jump, the machine sleep, and a node get another address. */
const LOOK_MS = 10_000
/** Upstream's: after the last of these, the same again and again. */
const PAUSES_MS = [2_000, 4_000, 8_000, 16_000, 32_000]

/** As whom a certificate is asked for. */
type Asking = Pick<Client, 'create' | 'get'>

export interface RotationOptions {
  readonly store: CertificateStore
  readonly client: Asking
  /** As upstream: who has none that is good asks with what it was given to begin with, as no server hears it as itself any more. */
  readonly atFirst?: () => Promise<{ readonly client: Asking; stop(): Promise<void> }>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly purpose: Purpose
  /** What it should say; undefined as long as nobody knows. */
  readonly wanted: () => WantedCertificate | undefined
  /** What to go on with where the store has none. */
  readonly first?: CertifiedKey
  /** Told of each new one. */
  readonly renewed?: (pair: CertifiedKey) => void
  readonly failures: Counter
  /** How many seconds each was in use. */
  readonly lives?: Histogram
}

export class CertificateRotation implements Running {
  readonly #options: RotationOptions
  readonly #pauses: Pauses
  readonly #stopping = new AbortController()
  #shown: { pair: CertifiedKey; certificate: X509Certificate; renewAtMs: number } | undefined
  #over: Promise<void> = Promise.resolve()

  /** Throws a UserError where the store's files cannot be read. */
  constructor(options: RotationOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
    const kept = options.store.current()
    if (kept) this.#show(kept)
    if (!this.current && options.first) this.#show(options.first)
  }

  /** Undefined where there is none yet, or where it has expired. */
  get current(): CertifiedKey | undefined {
    if (!this.#shown) return undefined
    return this.#options.clock.now() > endOf(this.#shown.certificate) ? undefined : this.#shown.pair
  }

  /** How many seconds the present one is good for; infinite where there is none. */
  readonly secondsLeft = (): number => {
    if (!this.#shown) return Number.POSITIVE_INFINITY
    return (endOf(this.#shown.certificate) - this.#options.clock.now()) / 1000
  }

  start(): void {
    this.#over = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the kubelet stops'))
    this.#pauses.end()
    await this.#over
  }

  async #run(): Promise<void> {
    let failed = 0
    while (!this.#pauses.isOver) {
      const wanted = this.#options.wanted()
      if (wanted && this.#isDue(wanted)) failed = (await this.#renew(wanted)) ? 0 : failed + 1
      await this.#pauses.take(failed === 0 ? LOOK_MS : this.#pauseAfter(failed))
    }
  }

  #isDue(wanted: WantedCertificate): boolean {
    const { clock } = this.#options
    if (!this.#shown || clock.now() >= this.#shown.renewAtMs) return true
    return !says(this.#shown.certificate, wanted)
  }

  async #renew(wanted: WantedCertificate): Promise<boolean> {
    const { clock, store, failures, lives, renewed, log } = this.#options
    const before = this.#shown?.certificate
    try {
      const pair = await this.#request(wanted)
      store.update(pair)
      this.#show(pair)
      if (before) lives?.observe([], (clock.now() - startOf(before)) / 1000)
      renewed?.(pair)
      log.info('the node has a new certificate', { file: store.path })
      return true
    } catch (error) {
      if (this.#pauses.isOver) return false
      failures.add([])
      log.error('the node got no new certificate', { file: store.path, error: messageOf(error) })
      return false
    }
  }

  async #request(wanted: WantedCertificate): Promise<CertifiedKey> {
    const { client, clock, purpose, atFirst } = this.#options
    const first = this.current ? undefined : await atFirst?.()
    try {
      return await requestCertificate({
        ...{ client: first?.client ?? client, clock, purpose, wanted },
        signal: this.#stopping.signal,
        isStillWanted: () => isSame(wanted, this.#options.wanted()),
      })
    } finally {
      await first?.stop()
    }
  }

  #show(pair: CertifiedKey): void {
    const certificate = new X509Certificate(pair.certificate)
    const startMs = startOf(certificate)
    const share = 0.7 + (0.2 * this.#options.random.integer(1_000_000)) / 1_000_000
    const renewAtMs = startMs + share * (endOf(certificate) - startMs)
    this.#shown = { pair, certificate, renewAtMs }
  }

  #pauseAfter(failed: number): number {
    const pauseMs = PAUSES_MS[Math.min(failed, PAUSES_MS.length) - 1] ?? 0
    return pauseMs * (1 + this.#options.random.integer(1000) / 10_000)
  }
}

const startOf = ({ validFrom }: X509Certificate) => Date.parse(validFrom)
const endOf = ({ validTo }: X509Certificate) => Date.parse(validTo)

/** Whether it names whom it should, and all places. */
function says(certificate: X509Certificate, { subject, names = [] }: WantedCertificate): boolean {
  const lines = certificate.subject.split('\n')
  const groups = (subject.organizations ?? []).map(group => `O=${group}`)
  if (![`CN=${subject.commonName}`, ...groups].every(line => lines.includes(line))) return false
  return names.every(name => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)))
}

const isSame = (one: WantedCertificate, other: WantedCertificate | undefined) =>
  JSON.stringify(one) === JSON.stringify(other)
