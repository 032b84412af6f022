/** The addresses that a request came through, as its headers and its connection tell them; the last one is nobody's mere word. */
import { isIP, SocketAddress } from 'node:net'

export function sourceIpsOf(
  headers: Readonly<Record<string, string>>,
  remoteAddress: string | undefined,
): string[] {
  const { 'x-forwarded-for': forwarded, 'x-real-ip': real } = headers
  const ips = forwarded === undefined ? [] : forwarded.split(',').flatMap(readIp)
  const [realIp] = real === undefined ? [] : readIp(real)
  if (realIp !== undefined && !ips.includes(realIp)) ips.push(realIp)
  const [remoteIp] = remoteAddress === undefined ? [] : readIp(remoteAddress)
  if (remoteIp !== undefined && ips.at(-1) !== remoteIp) ips.push(remoteIp)
  return ips
}

const MAPPED = '::ffff:'

/** None of what is no address; one address is always spelled the same. */
function readIp(text: string): string[] {
  const address = text.trim()
  const family = isIP(address)
  if (family === 0) return []
  if (family === 4) return [address]
  const spelled = new SocketAddress({ address, family: 'ipv6' }).address
  const mapped = spelled.startsWith(MAPPED) ? spelled.slice(MAPPED.length) : ''
  return [isIP(mapped) === 4 ? mapped : spelled]
}
