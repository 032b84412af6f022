import { nameColumn } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'

/** The name, and behind it whether one of these annotations makes the object the default. */
export function nameWithDefaultColumn(annotations: readonly string[]): Column<KubernetesObject> {
  return {
    ...nameColumn,
    cell: object => {
      const { name = '' } = object.metadata
      return isMarked(object, annotations) ? `${name} (default)` : name
    },
  }
}

/** Whether one of these annotations says `true`. */
export function isMarked({ metadata }: KubernetesObject, annotations: readonly string[]): boolean {
  return annotations.some(key => metadata.annotations?.[key] === 'true')
}
