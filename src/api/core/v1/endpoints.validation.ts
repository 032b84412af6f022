import { type FieldError, required } from '../../machinery/field-error.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPortNumber,
  isQualifiedName,
} from '../../machinery/names.ts'
import { addressFamily, isIp, isNotSpecialIp } from './addresses.ts'
import type { EndpointAddress, EndpointPort, Endpoints } from './endpoints.ts'
import { given, oneOf, whenSet, wrong } from './validation.ts'

export function validateEndpoints({ subsets = [] }: Endpoints): readonly FieldError[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, index) => {
    const path = `subsets[${index}]`
    const errors: FieldError[] = []
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'))
    return [
      ...errors,
      ...addresses.flatMap((address, at) => validateAddress(`${path}.addresses[${at}]`, address)),
      ...notReadyAddresses.flatMap((address, at) =>
        validateAddress(`${path}.notReadyAddresses[${at}]`, address),
      ),
      ...ports.flatMap((port, at) => validatePort(`${path}.ports[${at}]`, port, ports.length > 1)),
    ]
  })
}

function validateAddress(path: string, address: EndpointAddress): readonly FieldError[] {
  return [
    ...wrong(`${path}.ip`, address.ip, addressFamily(address.ip) ? [] : isIp(address.ip)),
    ...given(`${path}.hostname`, address.hostname, isDns1123Label),
    ...whenSet(`${path}.nodeName`, address.nodeName, isDns1123Subdomain),
    // What is no address is told by this rule too, as upstream does.
    ...wrong(`${path}.ip`, address.ip, isNotSpecialIp(address.ip)),
  ]
}

function validatePort(
  path: string,
  { name, port, protocol, appProtocol }: EndpointPort,
  isOneOfMany: boolean,
): readonly FieldError[] {
  return [
    ...(isOneOfMany && !name ? [required(`${path}.name`)] : []),
    ...given(`${path}.name`, name, isDns1123Label),
    ...wrong(`${path}.port`, port, isPortNumber(port)),
    ...oneOf(`${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ...whenSet(`${path}.appProtocol`, appProtocol, isQualifiedName),
  ]
}
