/** Values that pods tell their containers about themselves: fieldRef and resourceFieldRef. Pure. */
import { parseQuantity, quantityToMilli, quantityToNumber } from '#api/machinery/quantity.ts'
import type { AnyContainer, Pod } from '../pod-types.ts'

export interface FieldContext {
  readonly pod: Pod
  readonly nodeName: string
  readonly hostIps: readonly string[]
  readonly podIps: readonly string[]
  /** The node's. */
  readonly allocatable: Readonly<Record<string, string>>
}

const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.*)'\]$/

/** The value at `path`, or undefined where the path means nothing. */
export function fieldValue(path: string, context: FieldContext): string | undefined {
  const { pod } = context
  const subscript = SUBSCRIPT.exec(path)
  if (subscript) {
    const values = subscript[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations
    return values?.[subscript[2] ?? ''] ?? ''
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? ''
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid ?? ''
    case 'metadata.labels':
      return mapAsText(pod.metadata.labels)
    case 'metadata.annotations':
      return mapAsText(pod.metadata.annotations)
    case 'spec.nodeName':
      return pod.spec?.nodeName || context.nodeName
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? ''
    case 'status.hostIP':
      return context.hostIps[0] ?? ''
    case 'status.hostIPs':
      return context.hostIps.join(',')
    case 'status.podIP':
      return context.podIps[0] ?? ''
    case 'status.podIPs':
      return context.podIps.join(',')
    default:
      return undefined
  }
}

/** `key="value"` lines in key order, values escaped as Go's %q does for common text. */
function mapAsText(values: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(values ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}

export interface ResourceReference {
  readonly resource: string
  readonly divisor?: string
}

/** What a container without a limit may use: all that its pod may, or the node has. */
export const usableBy = ({ pod, allocatable }: FieldContext): Readonly<Record<string, string>> => ({
  ...allocatable,
  ...pod.spec?.resources?.limits,
})

/**
 * The value of `limits.cpu` and the like, divided by the divisor and rounded up; undefined for an
 * unknown resource.
 */
export function resourceValue(
  reference: ResourceReference,
  container: AnyContainer,
  usable: Readonly<Record<string, string>>,
): string | undefined {
  const [list, ...rest] = reference.resource.split('.')
  const name = rest.join('.')
  if (list !== 'limits' && list !== 'requests') return undefined
  const asked = container.resources?.[list]?.[name]
  const quantity = asked ?? (list === 'limits' ? usable[name] : undefined) ?? '0'
  parseQuantity(quantity)
  const divisor = reference.divisor && reference.divisor !== '0' ? reference.divisor : '1'
  if (name === 'cpu') return String(Math.ceil(quantityToMilli(quantity) / quantityToMilli(divisor)))
  return String(Math.ceil(quantityToNumber(quantity) / quantityToNumber(divisor)))
}
