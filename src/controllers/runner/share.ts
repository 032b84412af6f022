/** A number, or so many percent of a whole. */
export function share(
  value: number | string,
  whole: number,
  round: (value: number) => number,
): number {
  if (typeof value === 'number') return value
  return round((Number.parseInt(value, 10) * whole) / 100)
}
