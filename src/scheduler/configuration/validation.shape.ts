/** Rules that several plugins' arguments share: weights of resources and the shape of a score function. */
import { type FieldError, invalid, required } from '#api/machinery/field-error.ts'

export interface Weighted {
  readonly name: string
  readonly weight?: number
}

/** Weights that are not given, or 0, are 1; without any resource, `fallback` counts. */
export function weighted(
  resources: readonly Weighted[] | undefined,
  fallback: readonly { name: string; weight: number }[],
): { name: string; weight: number }[] {
  if (!resources?.length) return [...fallback]
  return resources.map(({ name, weight }) => ({ name, weight: weight || 1 }))
}

export function validateResources(
  resources: readonly Weighted[],
  path: string,
): readonly FieldError[] {
  return resources.flatMap(({ name, weight = 0 }, i) => {
    if (weight > 0 && weight <= 100) return []
    const why = `resource weight of ${name} not in valid range (0, 100]`
    return [invalid(`${path}[${i}].weight`, weight, why)]
  })
}

interface ShapePoint {
  readonly utilization: number
  readonly score: number
}

export function validateShape(
  points: readonly ShapePoint[] | undefined,
  path: string,
): readonly FieldError[] {
  if (!points?.length) return [required(path, 'at least one point must be specified')]
  const errors: FieldError[] = []
  const unsorted = points.findIndex(
    ({ utilization }, i) => i > 0 && (points[i - 1]?.utilization ?? 0) >= utilization,
  )
  if (unsorted > 0)
    errors.push(
      invalid(
        `${path}[${unsorted}].utilization`,
        points[unsorted]?.utilization,
        'values must be sorted in increasing order',
      ),
    )
  for (const [i, { utilization, score }] of points.entries()) {
    if (utilization < 0 || utilization > 100)
      errors.push(invalid(`${path}[${i}].utilization`, utilization, 'not in valid range [0, 100]'))
    if (score < 0 || score > 10)
      errors.push(invalid(`${path}[${i}].score`, score, 'not in valid range [0, 10]'))
  }
  return errors
}
