/** Who this API server is among several. */
import { hostname } from 'node:os'
import { serverIdOf } from '#apiserver/bootstrap/server-id.ts'

export const serverId = (): string => serverIdOf(hostname())
