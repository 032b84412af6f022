/**
 * Removes images that nobody uses: all of them where the node runs short, and every now and then those that are old, or the oldest where
 * the disk gets full. Of images that are gone nobody has to know any more who pulled them.
 */
import { Pauses } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { count } from '../figures/count.ts'
import type { ImageAccess } from '../image-access/image-access.ts'
import type { KubeletContext } from '../options.ts'
import { containersOf } from '../pod-types.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { Image } from '../runtime.ts'
import { bytesToFree, ImageAges } from './image-collection.ts'
import { unusedImages } from './unused-images.ts'

/** As upstream. */
const PERIOD_MS = 5 * 60_000

export interface ImageCollectorParts {
  readonly context: KubeletContext
  readonly cache: RuntimeCache
  readonly access: ImageAccess
  readonly workers: () => readonly PodWorker[]
  /** Tells a warning of the node. */
  readonly tell: (reason: string, message: string) => void
}

export class ImageCollector {
  readonly #parts: ImageCollectorParts
  readonly #pauses: Pauses
  readonly #ages = new ImageAges()
  #hasFailed = false
  #loop: Promise<void> | undefined

  constructor(parts: ImageCollectorParts) {
    this.#parts = parts
    this.#pauses = new Pauses(parts.context.clock)
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#pauses.end()
    await this.#loop
  }

  /** All that nobody uses; whether there were some. */
  async removeUnused(): Promise<boolean> {
    const { unused } = await this.#look()
    let removed = 0
    for (const image of unused) if (await this.#remove(image, 'space')) removed++
    await this.#prune()
    return removed > 0
  }

  async #run(): Promise<void> {
    while (!this.#pauses.isOver) {
      await this.#collect().then(
        () => {
          this.#hasFailed = false
        },
        error => this.#failed(messageOf(error)),
      )
      await this.#pauses.take(PERIOD_MS)
    }
  }

  /** Once may be chance, such as a runtime that has not started yet. */
  #failed(message: string): void {
    this.#parts.context.log.warn('images could not be collected', { error: message })
    if (this.#hasFailed) this.#parts.tell('ImageGCFailed', message)
    this.#hasFailed = true
  }

  async #collect(): Promise<void> {
    const { context, tell } = this.#parts
    const { imageCollection, hostAccess, rootDirectory } = context.options
    const { unused, nowMs } = await this.#look()
    const { maximumAgeMs = Number.POSITIVE_INFINITY } = imageCollection
    const left: Image[] = []
    for (const image of unused)
      if (
        this.#ages.unusedForMs(image, nowMs) <= maximumAgeMs ||
        !(await this.#remove(image, 'age'))
      )
        left.push(image)
    const space = await hostAccess.files.space(rootDirectory)
    const wanted = space ? bytesToFree(imageCollection, space) : 0
    let freed = 0
    if (wanted > 0)
      for (const image of this.#ages.oldest(left, imageCollection, nowMs)) {
        if (freed >= wanted || this.#pauses.isOver) break
        if (await this.#remove(image, 'space')) freed += image.sizeBytes
      }
    await this.#prune()
    if (freed >= wanted || this.#pauses.isOver) return
    const message = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`
    tell('FreeDiskSpaceFailed', message)
    throw new Error(message)
  }

  async #look() {
    const { context } = this.#parts
    const inUse = await this.#inUse()
    const images = await context.options.runtime.listImages()
    const unused = unusedImages(images, inUse)
    const nowMs = context.clock.monotonicMs()
    this.#ages.saw(images, unused, nowMs)
    return { unused, nowMs }
  }

  async #inUse(): Promise<ReadonlySet<string>> {
    const { context, cache, workers } = this.#parts
    const { runtime } = context.options
    const inUse = new Set(cache.containers().flatMap(({ image, imageRef }) => [image, imageRef]))
    const named = new Set(
      workers().flatMap(({ pod }) => [
        ...containersOf(pod).map(({ container }) => container.image ?? ''),
        ...(pod.spec?.volumes ?? []).map(({ image }) => image?.reference ?? ''),
      ]),
    )
    const idOf = (name: string) =>
      runtime.imageStatus(name).then(
        image => image?.id,
        // Pods may name what no reference can be.
        () => undefined,
      )
    for (const name of named) inUse.add((await idOf(name)) ?? name)
    return inUse
  }

  async #remove({ id, repoTags, sizeBytes }: Image, reason: 'space' | 'age'): Promise<boolean> {
    const { context } = this.#parts
    try {
      await context.options.runtime.removeImage(id)
    } catch (error) {
      const what = { tags: repoTags, error: messageOf(error) }
      context.log.warn('an image that nobody uses could not be removed', what)
      return false
    }
    context.log.info('an image that nobody uses was removed', { tags: repoTags, sizeBytes })
    count(context, 'kubelet_image_garbage_collected_total', reason)
    return true
  }

  /** Before the list is asked for nothing in it can be missing that was pulled later. */
  async #prune(): Promise<void> {
    const { context, access } = this.#parts
    const sinceMs = context.clock.now()
    const images = await context.options.runtime.listImages()
    // Records have whole seconds.
    await access.prune(new Set(images.map(({ id }) => id)), sinceMs - 1000)
  }
}
