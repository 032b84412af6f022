/** Where the service proxy that runs alone tells of itself; upstream's names. */
import { isIP } from 'node:net'
import { UserError } from '#base/errors.ts'
import { type Flag, flag } from './flags.ts'

export interface Place {
  readonly address: string
  readonly port: number
}

/** Reads `ADDRESS:PORT`, `[ADDRESS]:PORT`, an address alone, or nothing at all for no port. */
function placeFlag(
  name: string,
  doc: string,
  defaultPort: number,
): Flag<Place | 'none' | undefined> {
  const read = (text: string): Place | 'none' => {
    if (text === '') return 'none'
    if (isIP(text)) return { address: text, port: defaultPort }
    const [, bracketed, bare, digits] = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
    const address = bracketed ?? bare ?? ''
    const port = Number(digits)
    if (!isIP(address) || !(port <= 65_535))
      throw new UserError(`--${name} wants IP:PORT, or nothing for no port, not "${text}"`)
    return { address, port }
  }
  return {
    ...flag<Place | 'none' | undefined>(name, 'IP:PORT', doc, read, undefined),
    mayBeEmpty: true,
    show: place => (typeof place === 'object' ? `${place.address}:${place.port}` : ''),
  }
}

export const proxyPlaces = {
  healthzBindAddress: placeFlag(
    'healthz-bind-address',
    'where /healthz and /livez are; empty for nowhere (default: 0.0.0.0:10256, unless that is taken)',
    10_256,
  ),
  metricsBindAddress: placeFlag(
    'metrics-bind-address',
    'where /metrics and /proxyMode are; empty for nowhere (default: 127.0.0.1:10249, unless that is taken)',
    10_249,
  ),
}
