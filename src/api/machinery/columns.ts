/** Helpers for the printed columns of kinds. */
import type { Column } from './kind.ts'
import type { KubernetesObject } from './metadata.ts'

type Cell = string | number | boolean | null

/** A column shown always; pass `{ priority: 1 }` for one that only `-o wide` shows. */
export function column<T>(
  name: string,
  description: string,
  cell: (object: T, now: number) => Cell,
  more: { type?: Column['type']; format?: string; priority?: number } = {},
): Column<T> {
  return { name, type: 'string', description, cell, ...more }
}

/** The first column of nearly every kind. */
export const nameColumn: Column<KubernetesObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique in its namespace.',
  cell: object => object.metadata.name ?? '',
}

/** The last column of nearly every kind. */
export const ageColumn: Column<KubernetesObject> = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  cell: (object, now) => ageOf(object.metadata.creationTimestamp, now),
}

/** The span since an RFC 3339 time as people read it, `<unknown>` when there is none. */
export function ageOf(timestamp: string | undefined, now: number): string {
  return timestamp ? humanDuration(now - Date.parse(timestamp)) : '<unknown>'
}

/** Milliseconds as `kubectl` shows ages: at most two units, the finer one only while it matters (`90s`, `2m30s`, `3h5m`, `12d`). */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return twoUnits(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return twoUnits(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (days < 8) return twoUnits(days, 'd', hours % 24, 'h')
  if (days < 2 * 365) return `${days}d`
  const years = Math.trunc(days / 365)
  return years < 8 ? twoUnits(years, 'y', days % 365, 'd') : `${years}y`
}

function twoUnits(coarse: number, coarseUnit: string, fine: number, fineUnit: string): string {
  return fine === 0 ? `${coarse}${coarseUnit}` : `${coarse}${coarseUnit}${fine}${fineUnit}`
}
