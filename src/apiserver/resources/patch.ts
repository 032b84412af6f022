/** patch: the four patch types over the update loop. */
import { StatusError } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import type { StoredResource } from './registry.ts'

export async function patch(_exchange: Exchange, _resource: StoredResource): Promise<ApiResponse> {
  throw new StatusError('MethodNotAllowed', 'patch is not served yet')
}
