/** Which images could go where the disk is full. Pure. */
import type { Image } from '../runtime.ts'

/**
 * Those that no container is made of and no pod names, the largest first. One that was loaded from a file, which has no digest of a
 * registry, is kept: nobody could bring it back.
 */
export function unusedImages(
  images: readonly Image[],
  inUse: ReadonlySet<string>,
): readonly Image[] {
  return images
    .filter(({ id, repoTags, repoDigests }) => {
      if (repoDigests.length === 0 || repoTags.some(tag => /(^|\/)pause[:@]/.test(tag)))
        return false
      return ![id, ...repoTags, ...repoDigests].some(name => inUse.has(name))
    })
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
}
