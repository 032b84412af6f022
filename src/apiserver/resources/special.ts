/** Subresources and resources that have a file of their own, by `resource/subresource` and group. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import type { ServedResource } from './registry.ts'

export type SpecialHandler = (exchange: Exchange, resource: ServedResource) => Promise<ApiResponse>

const table: Readonly<Record<string, Readonly<Record<string, SpecialHandler>>>> = {}

/** Who answers this verb of this subresource, if it is anybody special; '*' stands for every verb. */
export function specialHandler(
  { name: { group, resource } }: ServedResource,
  subresource: string,
  verb: string,
): SpecialHandler | undefined {
  const path = subresource ? `${resource}/${subresource}` : resource
  const handlers = table[group ? `${path}.${group}` : path]
  return handlers?.[verb] ?? handlers?.['*']
}
