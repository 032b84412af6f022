/** A host as it stands before a port and in URLs: an address of IPv6 in brackets. */
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

export const hostPort = (host: string, port: number | string): string =>
  `${bracketed(host)}:${port}`
