import { cycleKey } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import { MAXIMUM_NODE_SCORE, type Plugin } from '../framework/plugin.ts'
import { SKIP } from '../framework/status.ts'

const MEBIBYTE = 1024 * 1024
/** Below this size an image is pulled so fast that it does not matter; above the other, more does not matter more. */
const MINIMUM_BYTES = 23 * MEBIBYTE
const MAXIMUM_BYTES_PER_CONTAINER = 1000 * MEBIBYTE

interface Wanted {
  /** Name and share of the nodes that have it. */
  readonly images: readonly (readonly [string, number])[]
  readonly maximumBytes: number
}
const WANTED = cycleKey<Wanted>('PreScoreImageLocality')

/** Prefers nodes that have the pod's images, the more so the bigger and the wider spread they are. */
export function imageLocality(_args: unknown, { snapshot }: Handle): Plugin {
  return {
    name: 'ImageLocality',
    preScore(cycle, { pod: { spec } }) {
      const containers = [...(spec.initContainers ?? []), ...spec.containers]
      const total = snapshot.nodes.length
      const images = containers.flatMap(({ image = '' }) => {
        const name = normalName(image)
        const nodes = snapshot.nodesWithImage(name)
        // An image that few nodes have would draw all pods of it to them: its share keeps that within limits.
        return nodes > 0 ? [[name, nodes / total] as const] : []
      })
      if (images.length === 0) return SKIP
      cycle.set(WANTED, { images, maximumBytes: MAXIMUM_BYTES_PER_CONTAINER * containers.length })
      return undefined
    },
    score(cycle, _pod, node) {
      const wanted = cycle.get(WANTED)
      if (!wanted || node.images.size === 0) return 0
      const { images, maximumBytes } = wanted
      let sum = 0
      for (const [image, share] of images) sum += Math.trunc((node.images.get(image) ?? 0) * share)
      const bytes = Math.min(Math.max(sum, MINIMUM_BYTES), maximumBytes)
      const range = maximumBytes - MINIMUM_BYTES
      return Math.trunc((MAXIMUM_NODE_SCORE * (bytes - MINIMUM_BYTES)) / range)
    },
  }
}

/** Nodes report images with a tag. */
function normalName(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}
