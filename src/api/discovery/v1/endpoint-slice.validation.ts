import { addressFamily, isOrdinaryIp } from '../../core/v1/addresses.ts'
import { given, immutable, oneOf, wrong } from '../../core/v1/validation.ts'
import { duplicate, type FieldError, required, tooMany } from '../../machinery/field-error.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPortNumber,
  isQualifiedName,
} from '../../machinery/names.ts'
import type { Endpoint, EndpointSlice } from './endpoint-slice.ts'

/** Limits that upstream sets on one slice; more endpoints go into further slices. */
const MAXIMUM_ENDPOINTS = 1000
const MAXIMUM_PORTS = 20_000
const MAXIMUM_ADDRESSES = 100
const MAXIMUM_HINTS = 8

export function validateEndpointSlice(slice: EndpointSlice): readonly FieldError[] {
  const errors = [...oneOf('addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6'])]
  if (slice.endpoints.length > MAXIMUM_ENDPOINTS)
    return [...errors, tooMany('endpoints', slice.endpoints.length, MAXIMUM_ENDPOINTS)]
  for (const [index, endpoint] of slice.endpoints.entries())
    errors.push(...validateEndpoint(`endpoints[${index}]`, endpoint, slice.addressType))
  return [...errors, ...validatePorts(slice)]
}

export function validateEndpointSliceUpdate(
  next: EndpointSlice,
  previous: EndpointSlice,
): readonly FieldError[] {
  return immutable('addressType', next.addressType, previous.addressType)
}

function validateEndpoint(
  path: string,
  endpoint: Endpoint,
  type: EndpointSlice['addressType'],
): readonly FieldError[] {
  const { addresses, hostname, nodeName, zone, hints } = endpoint
  const errors: FieldError[] = []
  if (addresses.length === 0)
    errors.push(required(`${path}.addresses`, 'must contain at least 1 address'))
  else if (addresses.length > MAXIMUM_ADDRESSES)
    errors.push(tooMany(`${path}.addresses`, addresses.length, MAXIMUM_ADDRESSES))
  for (const [index, address] of addresses.entries())
    errors.push(...wrong(`${path}.addresses[${index}]`, address, wrongAddress(address, type)))
  errors.push(
    ...given(`${path}.hostname`, hostname, isDns1123Label),
    ...given(`${path}.nodeName`, nodeName, isDns1123Subdomain),
    ...given(`${path}.zone`, zone, isLabelValue),
  )
  for (const field of ['forZones', 'forNodes'] as const) {
    const users = hints?.[field] ?? []
    if (users.length > MAXIMUM_HINTS)
      errors.push(tooMany(`${path}.hints.${field}`, users.length, MAXIMUM_HINTS))
    for (const [index, { name }] of users.entries()) {
      const at = `${path}.hints.${field}[${index}].name`
      if (users.findIndex(user => user.name === name) !== index) errors.push(duplicate(at, name))
      const isName = field === 'forZones' ? isLabelValue : isDns1123Subdomain
      errors.push(...wrong(at, name, isName(name)))
    }
  }
  return errors
}

function wrongAddress(address: string, type: EndpointSlice['addressType']): readonly string[] {
  if (type === 'FQDN') return isDns1123Subdomain(address)
  if (addressFamily(address) && addressFamily(address) !== type)
    return [`must be an ${type} address`]
  return isOrdinaryIp(address)
}

function validatePorts({ ports }: EndpointSlice): readonly FieldError[] {
  if (ports.length > MAXIMUM_PORTS) return [tooMany('ports', ports.length, MAXIMUM_PORTS)]
  const names = new Set<string>()
  return ports.flatMap(({ name = '', protocol, port, appProtocol }, index) => {
    const path = `ports[${index}]`
    const errors = [...given(`${path}.name`, name, isDns1123Label)]
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name))
    names.add(name)
    if (port !== undefined) errors.push(...wrong(`${path}.port`, port, isPortNumber(port)))
    errors.push(
      ...oneOf(`${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
      ...given(`${path}.appProtocol`, appProtocol, isQualifiedName),
    )
    return errors
  })
}
