/** Whether the server behind an APIService can be used: what the cluster's records say, before anybody is asked. */
import type { ApiService, ApiServiceCondition } from '#api/apiregistration/v1/api-service.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'

export type Reference = Readonly<Required<NonNullable<ApiService['spec']['service']>>>
export type Outcome = Pick<ApiServiceCondition, 'status' | 'reason' | 'message'>

export const PASSED: Outcome = { status: 'True', reason: 'Passed', message: 'all checks passed' }
export const LOCAL: Outcome = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
}

const lacking = (reason: string, message: string): Outcome => ({ status: 'False', reason, message })

/** The reference with its defaults. */
export function referenceOf({ spec }: ApiService): Reference | undefined {
  const { namespace = '', name = '', port = 443 } = spec.service ?? {}
  return spec.service && { namespace, name, port }
}

/** Why nobody need be asked; undefined where the server has to be tried. */
export function lacks(
  { namespace, name, port }: Reference,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Outcome | undefined {
  const called = `service/${name} in ${JSON.stringify(namespace)}`
  if (!service) return lacking('ServiceNotFound', `${called} is not present`)
  // What other types lead to is not in the cluster's records.
  if (service.spec.type !== undefined && service.spec.type !== 'ClusterIP') return undefined
  const wanted = service.spec.ports?.find(each => each.port === port)
  if (!wanted) return lacking('ServicePortError', `${called} is not listening on port ${port}`)
  if (slices.length === 0)
    return lacking('EndpointsNotFound', `cannot find endpointslices for ${called}`)
  const portName = wanted.name ?? ''
  if (slices.some(slice => hasReady(slice) && hasPort(slice, portName))) return undefined
  return lacking(
    'MissingEndpoints',
    `endpointslices for ${called} have no addresses with port name ${JSON.stringify(portName)}`,
  )
}

const hasReady = ({ endpoints = [] }: EndpointSlice) =>
  endpoints.some(({ conditions }) => conditions?.ready !== false)

const hasPort = ({ ports = [] }: EndpointSlice, name: string) =>
  ports.some(each => (each.name ?? '') === name && each.port !== undefined)

export const failedCheck = (message: string) => lacking('FailedDiscoveryCheck', message)

export const isAvailable = ({ status }: ApiService) => conditionOf(status)?.status === 'True'

const conditionOf = ({ conditions = [] }: ApiService['status']) =>
  conditions.find(({ type }) => type === 'Available')

/** The conditions with what was found out now, or undefined where that is known already. */
export function conditionsAfter(
  { status }: ApiService,
  found: Outcome,
  now: string,
): ApiServiceCondition[] | undefined {
  const before = conditionOf(status)
  const isSame =
    before?.status === found.status &&
    before.reason === found.reason &&
    before.message === found.message
  if (isSame) return undefined
  const since = before?.status === found.status ? before.lastTransitionTime : now
  const condition = {
    type: 'Available',
    ...found,
    ...(since === undefined ? {} : { lastTransitionTime: since }),
  }
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'Available')
  return [...others, condition]
}
