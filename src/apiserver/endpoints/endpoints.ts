/** Paths that name no resource: health, version, metrics, discovery. The table is the index that `/` shows. */
import { StatusError } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'

export type Endpoint = (exchange: Exchange) => ApiResponse | Promise<ApiResponse>

export async function serveEndpoint(_exchange: Exchange): Promise<ApiResponse> {
  throw new StatusError('NotFound', 'the server could not find the requested resource', {})
}
