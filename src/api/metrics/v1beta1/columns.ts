/** What tables of measures show: each resource that was measured, and over how long. */
import { column } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import { addQuantities, formatQuantity } from '../../machinery/quantity.ts'

interface Measured {
  readonly metadata: { readonly name?: string }
  readonly window: string
}

type Usage = Readonly<Record<string, string>> | undefined

/** `usagesOf` tells the parts of one row, which are shown as their sum. */
export function usageColumns<T extends Measured>(
  usagesOf: (object: T) => readonly Usage[],
): readonly Column<T>[] {
  const resource = (name: string) =>
    column<T>(name, '', object => sumOf(usagesOf(object), name), { format: 'quantity' })
  return [
    column('Name', 'Name of the resource', ({ metadata }) => metadata.name ?? '', {
      format: 'name',
    }),
    resource('cpu'),
    resource('memory'),
    column('Window', '', ({ window }) => window, { format: 'duration' }),
  ]
}

function sumOf(usages: readonly Usage[], name: string): string {
  const [first = '0', ...rest] = usages.map(usage => usage?.[name] ?? '0')
  return rest.reduce((sum, each) => formatQuantity(addQuantities(sum, each)), first)
}
