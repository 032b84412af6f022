/** Which images go before the disk is full: those that nobody used for longest, once they are old enough. Pure but for what it remembers. */
import type { FileSystemSpace } from '../host-access.ts'
import type { Image } from '../runtime.ts'

export interface ImageCollection {
  /** Percent of the disk in use from which on images go, and down to which; 100 is never. */
  readonly highPercent: number
  readonly lowPercent: number
  /** Younger ones stay. */
  readonly minimumAgeMs: number
  /** Those that were not used for longer go in any case. */
  readonly maximumAgeMs?: number
}

interface Known {
  readonly detectedMs: number
  /** Absent of one that was never seen in use. */
  usedMs: number | undefined
}

/** When images were seen first, and in use last. Times are monotonic milliseconds. */
export class ImageAges {
  readonly #known = new Map<string, Known>()

  /** `unused` are those of `images` that could go. */
  saw(images: readonly Image[], unused: readonly Image[], nowMs: number): void {
    const free = new Set(unused.map(({ id }) => id))
    const present = new Set(images.map(({ id }) => id))
    for (const id of this.#known.keys()) if (!present.has(id)) this.#known.delete(id)
    for (const { id } of images) {
      const known = this.#known.get(id) ?? { detectedMs: nowMs, usedMs: undefined }
      if (!free.has(id)) known.usedMs = nowMs
      this.#known.set(id, known)
    }
  }

  /** Those that are old enough, who was not used for longest first. */
  oldest(unused: readonly Image[], { minimumAgeMs }: ImageCollection, nowMs: number): Image[] {
    const of = ({ id }: Image) => this.#known.get(id) ?? { detectedMs: nowMs, usedMs: undefined }
    return unused
      .filter(image => nowMs - of(image).detectedMs >= minimumAgeMs)
      .toSorted(
        (a, b) =>
          (of(a).usedMs ?? -1) - (of(b).usedMs ?? -1) || of(a).detectedMs - of(b).detectedMs,
      )
  }

  /** Since it was in use last, or was seen first: what was before the kubelet started it can't know. */
  unusedForMs({ id }: Image, nowMs: number): number {
    const { usedMs, detectedMs } = this.#known.get(id) ?? {}
    return nowMs - (usedMs ?? detectedMs ?? nowMs)
  }
}

/** Bytes that are to be given back; none below the threshold. */
export function bytesToFree(
  { highPercent, lowPercent }: ImageCollection,
  { capacityBytes, availableBytes }: Pick<FileSystemSpace, 'capacityBytes' | 'availableBytes'>,
): number {
  if (highPercent === 100 || capacityBytes === 0) return 0
  const available = Math.min(availableBytes, capacityBytes)
  const usedPercent = 100 - Math.trunc((available * 100) / capacityBytes)
  if (usedPercent < highPercent) return 0
  return Math.trunc((capacityBytes * (100 - lowPercent)) / 100) - available
}
