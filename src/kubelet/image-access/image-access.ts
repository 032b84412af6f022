/** Who may use an image that is on the node: those who could pull it, as far as that is remembered; all others have to pull it themselves. */
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { repositoryOf } from '../credentials/image-match.ts'
import { count } from '../figures/count.ts'
import type { KubeletContext } from '../options.ts'
import {
  type ImageCredentials,
  matching,
  mergedWith,
  type PullCredential,
  usedBy,
} from './pull-credentials.ts'
import { PullRecords } from './pull-records.ts'
import { mustVerify } from './verification-policy.ts'

/** A record does not grow without end while namespaces come and go. */
const SECRETS_LIMIT = 100

type Verdict = 'credentialPolicyAllowed' | 'credentialRecordFound' | 'mustAuthenticate' | 'error'

export class ImageAccess {
  readonly #context: KubeletContext
  readonly #records: PullRecords
  /** Pulls under way by the image's name. */
  readonly #underWay = new Map<string, number>()
  #loading: Promise<void> | undefined

  constructor(context: KubeletContext) {
    const { rootDirectory, hostAccess, figures } = context.options
    this.#context = context
    this.#records = new PullRecords(rootDirectory, hostAccess.files, context.log)
    const gauge = (name: string, help: string, read: () => number) =>
      figures.gauge(`kubelet_imagemanager_${name}`, help, () => [{ labels: {}, value: read() }])
    gauge('ondisk_pulledrecords', 'Images of which is kept who pulled them', () => {
      return this.#records.pulledCount
    })
    gauge('ondisk_pullintents', 'Images that are being pulled', () => this.#records.intentCount)
  }

  /**
   * Whether a pod has to pull an image all the same that is on the node under this id. Its credentials are asked for only where they matter.
   */
  async mustPull(
    image: string,
    imageRef: string,
    credentials: () => Promise<readonly PullCredential[]>,
  ): Promise<boolean> {
    const verdict = await this.#verdict(image, imageRef, credentials).catch((error): Verdict => {
      const what = { image, error: messageOf(error) }
      this.#context.log.warn('who pulled an image could not be found out', what)
      return 'error'
    })
    count(this.#context, 'kubelet_imagemanager_image_mustpull_checks_total', verdict)
    return verdict === 'mustAuthenticate' || verdict === 'error'
  }

  async #verdict(
    image: string,
    imageRef: string,
    credentials: () => Promise<readonly PullCredential[]>,
  ): Promise<Verdict> {
    await this.#loaded()
    const records = this.#records
    if (records.isBroken(imageRef)) return 'error'
    const record = records.record(imageRef)
    const wasPulled = record !== undefined || records.hasIntent(image)
    if (!mustVerify(this.#context.options.imageVerification, image, wasPulled))
      return 'credentialPolicyAllowed'
    const known = record?.credentialMapping[repositoryOf(image)]
    if (!known) return 'mustAuthenticate'
    const match = matching(known, known.nodePodsAccessible ? [] : await credentials())
    if (!match) return 'mustAuthenticate'
    if (match.news && (known.kubernetesSecrets?.length ?? 0) < SECRETS_LIMIT)
      await this.#remember(image, imageRef, match.news).catch(error => this.#notKept(image, error))
    return 'credentialRecordFound'
  }

  /** Runs a pull, and remembers it: that it was tried, whatever becomes of this process, and who was good for it. */
  async pulling(
    image: string,
    pull: () => Promise<{
      readonly imageRef: string
      readonly credential: PullCredential | undefined
    }>,
  ): Promise<void> {
    await this.#loaded()
    try {
      await this.#records.intend(image)
    } catch (error) {
      throw new Error(`failed to record image pull intent: ${messageOf(error)}`)
    }
    this.#underWay.set(image, (this.#underWay.get(image) ?? 0) + 1)
    let isKept = true
    try {
      const { imageRef, credential } = await pull()
      // What can't be written leaves the intent, by which the next start knows that the image was pulled.
      await this.#remember(image, imageRef, usedBy(credential)).catch(error => {
        isKept = false
        this.#notKept(image, error)
      })
    } finally {
      const left = (this.#underWay.get(image) ?? 1) - 1
      if (left > 0) this.#underWay.set(image, left)
      else {
        this.#underWay.delete(image)
        if (isKept)
          await this.#records.forgetIntent(image).catch(error => this.#notKept(image, error))
      }
    }
  }

  /** Of images that are not there any more nothing is kept, but for what is younger than `before` (milliseconds since the epoch). */
  async prune(present: ReadonlySet<string>, before: number): Promise<void> {
    await this.#loaded()
    for (const { imageRef, lastUpdatedTime } of this.#records.pulled())
      if (!present.has(imageRef) && Date.parse(lastUpdatedTime) < before)
        await this.#records.forget(imageRef)
  }

  #notKept(image: string, error: unknown): void {
    this.#context.log.warn('who pulled an image could not be written down', {
      ...{ image, error: messageOf(error) },
    })
  }

  async #remember(image: string, imageRef: string, news: ImageCredentials | undefined) {
    const repository = repositoryOf(image)
    const record = this.#records.record(imageRef)
    const known = record?.credentialMapping[repository]
    const next = news && mergedWith(known, news)
    if (record && !next) return
    await this.#records.keep({
      imageRef,
      lastUpdatedTime: rfc3339(this.#context.clock.now()),
      credentialMapping: {
        ...record?.credentialMapping,
        ...(next ? { [repository]: next } : {}),
      },
    })
  }

  #loaded(): Promise<void> {
    this.#loading ??= this.#load().catch(error => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** A pull that the kubelet before this one did not see the end of may have gone well: then it is known as pulled, by nobody in particular. */
  async #load(): Promise<void> {
    await this.#records.load()
    const intents = this.#records.intents()
    if (intents.length === 0) return
    const images = await this.#context.options.runtime.listImages()
    for (const image of intents) {
      const found = images.find(
        ({ repoTags, repoDigests }) => repoTags.includes(image) || repoDigests.includes(image),
      )
      if (!found) continue
      await this.#remember(image, found.id, undefined)
      await this.#records.forgetIntent(image)
    }
  }
}
