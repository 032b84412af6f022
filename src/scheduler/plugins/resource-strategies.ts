/** Whether fuller or emptier nodes are better: the scoring strategies of NodeResourcesFit. */
import { MAXIMUM_NODE_SCORE } from '../framework/plugin.ts'
import type { Fullness, ResourceSpec } from './resource-scorer.ts'

export interface UtilizationShapePoint {
  /** In percent. */
  readonly utilization: number
  /** 0 to 10. */
  readonly score: number
}
export interface ScoringStrategy {
  readonly type?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio'
  readonly resources?: readonly ResourceSpec[]
  readonly requestedToCapacityRatio?: { readonly shape: readonly UtilizationShapePoint[] }
}

export type ResourceScorer = (resources: readonly Fullness[]) => number

const MAXIMUM_SHAPE_SCORE = 10
const MAXIMUM_UTILIZATION = 100

export function scorerOf({ type, requestedToCapacityRatio }: ScoringStrategy): ResourceScorer {
  switch (type) {
    case 'MostAllocated':
      return weighted(({ requested, allocatable }) =>
        Math.trunc((Math.min(requested, allocatable) * MAXIMUM_NODE_SCORE) / allocatable),
      )
    case 'RequestedToCapacityRatio':
      return byShape(requestedToCapacityRatio?.shape ?? [])
    default:
      return weighted(({ requested, allocatable }) =>
        requested > allocatable
          ? 0
          : Math.trunc(((allocatable - requested) * MAXIMUM_NODE_SCORE) / allocatable),
      )
  }
}

function weighted(scoreOf: (fullness: Fullness) => number): ResourceScorer {
  return resources => {
    let sum = 0
    let weights = 0
    for (const fullness of resources) {
      sum += scoreOf(fullness) * fullness.weight
      weights += fullness.weight
    }
    return weights === 0 ? 0 : Math.trunc(sum / weights)
  }
}

/** Resources that get no points at all do not count. */
function byShape(shape: readonly UtilizationShapePoint[]): ResourceScorer {
  const line = lineOf(shape)
  return resources => {
    let sum = 0
    let weights = 0
    for (const { requested, allocatable, weight } of resources) {
      const score =
        requested > allocatable
          ? line(MAXIMUM_UTILIZATION)
          : line(Math.trunc((requested * MAXIMUM_UTILIZATION) / allocatable))
      if (score <= 0) continue
      sum += score * weight
      weights += weight
    }
    return weights === 0 ? 0 : Math.round(sum / weights)
  }
}

/** From a utilization in percent to a score of 0 to 100. */
export function lineOf(shape: readonly UtilizationShapePoint[]): (utilization: number) => number {
  const scale = MAXIMUM_NODE_SCORE / MAXIMUM_SHAPE_SCORE
  return brokenLine(shape.map(({ utilization, score }) => [utilization, score * scale]))
}

/** Straight between the points, level outside of them. */
function brokenLine(points: readonly (readonly [x: number, y: number])[]): (x: number) => number {
  return x => {
    for (const [i, [right, high]] of points.entries()) {
      if (x > right) continue
      const [left, low] = points[i - 1] ?? [right, high]
      return i === 0 ? high : low + Math.trunc(((high - low) * (x - left)) / (right - left))
    }
    return points.at(-1)?.[1] ?? 0
  }
}
