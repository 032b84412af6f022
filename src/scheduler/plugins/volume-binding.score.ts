/** How well the storage that a node offers a pod suits what its claims ask for. */
import { classOf } from '#api/core/v1/storage.ts'
import { sizeOf, sizeWanted } from '#api/core/v1/volume-binding.ts'
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { lineOf, type UtilizationShapePoint } from './resource-strategies.ts'
import type { NodeVolumes } from './volume-binding.find.ts'

/** Where much stays free is better: new volumes may have to grow. */
const DEFAULT_SHAPE: readonly UtilizationShapePoint[] = [
  { utilization: 0, score: 10 },
  { utilization: 100, score: 0 },
]
const FULL = 100

interface Storage {
  /** In bytes. */
  requested: number
  capacity: number
}

/** Scores from 0 to 100, the mean over classes. Volumes that exist count by themselves; without any, the room for new ones does. */
export function createCapacityScorer(
  shape: readonly UtilizationShapePoint[] = DEFAULT_SHAPE,
): (found: NodeVolumes) => number {
  const line = lineOf(shape.length > 0 ? shape : DEFAULT_SHAPE)
  return found => {
    const storages = [...(found.bindings.length > 0 ? existing(found) : planned(found)).values()]
    const scores = storages.map(({ requested, capacity }) =>
      line(
        capacity === 0 || requested > capacity ? FULL : Math.trunc((requested * FULL) / capacity),
      ),
    )
    if (scores.length === 0) return 0
    return Math.round(scores.reduce((sum, score) => sum + score, 0) / scores.length)
  }
}

function existing({ bindings }: NodeVolumes): ReadonlyMap<string, Storage> {
  const byClass = new Map<string, Storage>()
  for (const { volume, claim } of bindings) {
    const storage = storageOf(byClass, classOf(claim))
    storage.requested += quantityToNumber(sizeWanted(claim))
    storage.capacity += quantityToNumber(sizeOf(volume))
  }
  return byClass
}

/** Claims of one class share the room. */
function planned({ provisions, rooms }: NodeVolumes): ReadonlyMap<string, Storage> {
  const byClass = new Map<string, Storage>()
  for (const claim of provisions) {
    const room = rooms.get(claim)
    if (!room) continue
    const storage = storageOf(byClass, classOf(claim))
    storage.requested += quantityToNumber(sizeWanted(claim))
    storage.capacity = quantityToNumber(room.capacity ?? '0')
  }
  return byClass
}

function storageOf(byClass: Map<string, Storage>, name: string): Storage {
  const storage = byClass.get(name) ?? { requested: 0, capacity: 0 }
  byClass.set(name, storage)
  return storage
}
