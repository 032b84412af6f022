/**
 * Which images the kubelet pulled, and by what, in upstream's files below `image_manager`: an intent while a pull is under way, a record
 * when it went well. Whoever takes the directory over, this kubelet or upstream's, knows as much. All of it is in memory, too; a record that
 * can't be read counts as one that names nobody.
 */
import { createHash } from 'node:crypto'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Files } from '../host-access.ts'
import type { ImageCredentials } from './pull-credentials.ts'

export interface PulledRecord {
  /** The image's id. */
  readonly imageRef: string
  /** RFC 3339, in seconds. */
  readonly lastUpdatedTime: string
  /** By repository. */
  readonly credentialMapping: Readonly<Record<string, ImageCredentials>>
}

const API_VERSION = 'kubelet.config.k8s.io/v1beta1'
/** Those of older kubelets are read all the same. */
const READ_VERSIONS = new Set([API_VERSION, 'kubelet.config.k8s.io/v1alpha1'])
const PREFIX = 'sha256-'
/** Far more than a record of a hundred secrets takes. */
const FILE_LIMIT = 1024 * 1024

export class PullRecords {
  readonly #files: Files
  readonly #log: Log
  readonly #directory: string
  readonly #pulled = new Map<string, PulledRecord>()
  readonly #intents = new Set<string>()
  /** Names of files that are there and can't be read. */
  readonly #broken = new Set<string>()
  /** Changes of files, one after the other. */
  #changes: Promise<void> = Promise.resolve()

  constructor(rootDirectory: string, files: Files, log: Log) {
    this.#files = files
    this.#log = log
    this.#directory = `${rootDirectory}/image_manager`
  }

  get pulledCount(): number {
    return this.#pulled.size + this.#broken.size
  }

  get intentCount(): number {
    return this.#intents.size
  }

  /** What the kubelet before this one left. */
  async load(): Promise<void> {
    for (const directory of [this.#pulling, this.#pulledDirectory])
      await this.#files.makeDirectory(directory, 0o700)
    for (const intent of await this.#read(this.#pulling, 'ImagePullIntent'))
      if (typeof intent.image === 'string') this.#intents.add(intent.image)
    for (const record of await this.#read(this.#pulledDirectory, 'ImagePulledRecord')) {
      const { imageRef, lastUpdatedTime, credentialMapping = {} } = record as Partial<PulledRecord>
      if (typeof imageRef === 'string' && typeof lastUpdatedTime === 'string')
        this.#pulled.set(imageRef, { imageRef, lastUpdatedTime, credentialMapping })
    }
  }

  intents(): readonly string[] {
    return [...this.#intents]
  }

  hasIntent(image: string): boolean {
    return this.#intents.has(image)
  }

  pulled(): readonly PulledRecord[] {
    return [...this.#pulled.values()]
  }

  record(imageRef: string): PulledRecord | undefined {
    return this.#pulled.get(imageRef)
  }

  isBroken(imageRef: string): boolean {
    return this.#broken.has(fileName(imageRef))
  }

  /** Rejects where it can't be written, in which case nothing may be pulled: nobody would know of it. */
  async intend(image: string): Promise<void> {
    this.#intents.add(image)
    await this.#write(this.#pulling, image, ['ImagePullIntent', { image }])
  }

  async forgetIntent(image: string): Promise<void> {
    this.#intents.delete(image)
    await this.#remove(this.#pulling, image)
  }

  async keep(record: PulledRecord): Promise<void> {
    this.#pulled.set(record.imageRef, record)
    this.#broken.delete(fileName(record.imageRef))
    const { imageRef, lastUpdatedTime, credentialMapping } = record
    const mapping = Object.keys(credentialMapping).length > 0 ? { credentialMapping } : {}
    await this.#write(this.#pulledDirectory, imageRef, [
      'ImagePulledRecord',
      { lastUpdatedTime, imageRef, ...mapping },
    ])
  }

  async forget(imageRef: string): Promise<void> {
    this.#pulled.delete(imageRef)
    await this.#remove(this.#pulledDirectory, imageRef)
  }

  get #pulling(): string {
    return `${this.#directory}/pulling`
  }

  get #pulledDirectory(): string {
    return `${this.#directory}/pulled`
  }

  async #read(directory: string, kind: string): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = []
    for (const name of await this.#files.names(directory)) {
      if (!name.startsWith(PREFIX) || name.endsWith('.tmp')) continue
      try {
        const bytes = await this.#files.read(`${directory}/${name}`, FILE_LIMIT)
        const value = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
        if (value.kind !== kind || !READ_VERSIONS.has(String(value.apiVersion)))
          throw new Error(`it is no ${kind}`)
        found.push(value)
      } catch (error) {
        if (directory === this.#pulledDirectory) this.#broken.add(name)
        const what = { file: `${directory}/${name}`, error: messageOf(error) }
        this.#log.warn('a record of a pull can not be read', what)
      }
    }
    return found
  }

  #write(directory: string, of: string, [kind, value]: readonly [string, object]): Promise<void> {
    const path = `${directory}/${fileName(of)}`
    const text = `${JSON.stringify({ kind, apiVersion: API_VERSION, ...value })}\n`
    return this.#after(async () => {
      await this.#files.write(`${path}.tmp`, new TextEncoder().encode(text), { mode: 0o600 })
      await this.#files.rename(`${path}.tmp`, path)
    })
  }

  #remove(directory: string, of: string): Promise<void> {
    return this.#after(() => this.#files.removeTree(`${directory}/${fileName(of)}`))
  }

  #after(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change)
    this.#changes = done.catch(() => {})
    return done
  }
}

const fileName = (of: string) => `${PREFIX}${createHash('sha256').update(of).digest('hex')}`
