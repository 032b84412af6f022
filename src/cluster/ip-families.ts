/** Which families of addresses a cluster has, and in which order. */
import { UserError } from '#base/errors.ts'
import { type AddressFamily, addressForOthers } from '#host/addresses.ts'

export const familyOf = (text: string): AddressFamily => (text.includes(':') ? 'IPv6' : 'IPv4')

/** Whether who listens on one address is found under the other, too: on all of a family, or `::`, which are those of both. */
export const isHeardAt = (listening: string, address: string): boolean =>
  listening === address ||
  listening === '::' ||
  (listening === '0.0.0.0' && familyOf(address) === 'IPv4')

export interface Advertising {
  readonly serviceClusterIpRange: string
  /** What somebody wants. */
  readonly advertiseAddress?: string | undefined
  readonly listening: string
}

/**
 * Under which others find the API server, of the family that its Service has, which is the first of the service ranges. Undefined where this machine
 * has none. Throws a UserError where another family was asked for, in upstream's words.
 */
export function advertisedAddress(options: Advertising): string | undefined {
  const [range = ''] = options.serviceClusterIpRange.split(',')
  const { advertiseAddress, listening } = options
  const address = advertiseAddress ?? addressForOthers(listening, familyOf(range))
  if (address !== undefined && familyOf(address) !== familyOf(range))
    throw new UserError(
      `service IP family ${JSON.stringify(range)} must match public address family ${JSON.stringify(address)}; choose another --advertise-address or --bind-address`,
    )
  return address
}
