import { MAXIMUM_SCORE, type Plugin } from '../plugin.ts'

const MEBIBYTE = 1024 * 1024
/** Below this size an image is pulled so fast that it does not matter; above the other, more does not matter more. */
const MINIMUM_BYTES = 23 * MEBIBYTE
const MAXIMUM_BYTES_PER_CONTAINER = 1000 * MEBIBYTE

/** Prefers nodes that have the pod's images, the more so the bigger and the wider spread they are. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  wokenBy: [],
  weight: 1,
  score({ pod: { spec } }, snapshot, nodes) {
    const containers = [...(spec.initContainers ?? []), ...spec.containers]
    const images = containers.map(({ image = '' }) => normalName(image))
    const total = snapshot.nodes.length
    // An image that all nodes have would draw all pods of it to nowhere in particular: scaled, it counts alike for all.
    const shares = images.map(image => snapshot.nodesWithImage(image) / total)
    if (shares.every(share => share === 0)) return undefined
    const maximum = MAXIMUM_BYTES_PER_CONTAINER * containers.length
    return nodes.map(node => {
      let sum = 0
      for (const [i, image] of images.entries())
        sum += Math.trunc((node.images.get(image) ?? 0) * (shares[i] ?? 0))
      const bytes = Math.min(Math.max(sum, MINIMUM_BYTES), maximum)
      return Math.trunc((MAXIMUM_SCORE * (bytes - MINIMUM_BYTES)) / (maximum - MINIMUM_BYTES))
    })
  },
}

/** Nodes report images with a tag. */
function normalName(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}
