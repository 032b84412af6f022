/** What is told of a status that is written. */
import { addressWarnings } from '../addresses.ts'
import type { Pod } from './schema.ts'

export function podStatusWarnings({ status }: Pod): string[] {
  return (['podIPs', 'hostIPs'] as const).flatMap(list =>
    (status[list] ?? []).flatMap(({ ip }, index) =>
      addressWarnings(`status.${list}[${index}].ip`, ip),
    ),
  )
}
