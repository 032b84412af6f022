/** A host as it stands before a port and in URLs: an address of IPv6 in brackets. */
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

export const hostPort = (host: string, port: number | string): string =>
  `${bracketed(host)}:${port}`

/** For clients on the same machine, of a server that listens on `address`, which may stand for all addresses of the machine. */
export function localUrl(address: string, port: number): string {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address
  return `https://${hostPort(host, port)}`
}
