import { addressFamily, isOrdinaryIp } from '../../core/v1/addresses.ts'
import { given, immutable, oneOf, whenSet, wrong } from '../../core/v1/validation.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
} from '../../machinery/names.ts'
import type { Endpoint, EndpointSlice } from './endpoint-slice.ts'

/** Limits that upstream sets on one slice; more endpoints go into further slices. */
const MAXIMUM_ENDPOINTS = 1000
const MAXIMUM_PORTS = 20_000
const MAXIMUM_ADDRESSES = 100
const MAXIMUM_HINTS = 8
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

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
  const { addresses, hostname, nodeName, hints } = endpoint
  const errors: FieldError[] = []
  if (addresses.length === 0)
    errors.push(required(`${path}.addresses`, 'must contain at least 1 address'))
  else if (addresses.length > MAXIMUM_ADDRESSES)
    errors.push(tooMany(`${path}.addresses`, addresses.length, MAXIMUM_ADDRESSES))
  for (const [index, address] of addresses.entries())
    errors.push(...validateAddress(`${path}.addresses[${index}]`, address, type))
  errors.push(
    ...whenSet(`${path}.nodeName`, nodeName, isDns1123Subdomain),
    ...whenSet(`${path}.hostname`, hostname, isDns1123Label),
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

/** Of what is no type nothing is known. */
function validateAddress(
  field: string,
  address: string,
  type: EndpointSlice['addressType'],
): readonly FieldError[] {
  switch (type) {
    case 'FQDN':
      return validateDomain(field, address)
    case 'IPv4':
    case 'IPv6':
      return addressFamily(address) && addressFamily(address) !== type
        ? [invalid(field, address, `must be an ${type} address`)]
        : wrong(field, address, isOrdinaryIp(address))
    default:
      return []
  }
}

/** A name with a domain; a dot at its end, which says that it is whole, is no part of it. */
function validateDomain(field: string, address: string): readonly FieldError[] {
  if (address === '') return [required(field)]
  const name = address.replace(/\.$/, '')
  const problems = isDns1123Subdomain(name)
  if (problems.length > 0) return wrong(field, name, problems)
  const labels = name.split('.')
  if (labels.length < 2)
    return [invalid(field, name, 'should be a domain with at least two segments separated by dots')]
  return labels.flatMap(label => wrong(field, label, isDns1123Label(label)))
}

function validatePorts({ ports }: EndpointSlice): readonly FieldError[] {
  if (ports.length > MAXIMUM_PORTS) return [tooMany('ports', ports.length, MAXIMUM_PORTS)]
  const names = new Set<string>()
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const path = `ports[${index}]`
    const errors = [...given(`${path}.name`, name, isDns1123Label)]
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name))
    names.add(name)
    // As upstream, nobody looks at the number.
    if (protocol === undefined) errors.push(required(`${path}.protocol`))
    else if (!PROTOCOLS.includes(protocol))
      errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS))
    return [...errors, ...whenSet(`${path}.appProtocol`, appProtocol, isQualifiedName)]
  })
}
