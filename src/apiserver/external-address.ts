import { hostPort } from '#base/host-port.ts'

/** As clients from outside are told, who may come in by another port. */
export const externalAddress = (host: string, port: number): string =>
  /^(\[.*\]|[^:]*):\d+$/.test(host) ? host : hostPort(host, port)
