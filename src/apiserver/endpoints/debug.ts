/** What the server is doing, for people who look for what holds it up: its queues. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { respondText } from '../respond.ts'

const FLOWS = '/debug/api_priority_and_fairness/'

export async function debug({ server, info }: Exchange): Promise<ApiResponse> {
  const { flowControl, clock } = server
  if (!flowControl || !info.path.startsWith(FLOWS)) return notFound()
  // Hardly anybody ever looks.
  const dumps = await import('../flow-control/dump.ts')
  switch (info.path.slice(FLOWS.length)) {
    case 'dump_priority_levels':
      return respondText(200, dumps.dumpPriorityLevels(flowControl))
    case 'dump_queues':
      return respondText(200, dumps.dumpQueues(flowControl))
    case 'dump_requests': {
      const includesDetails = (info.query.get('includeRequestDetails') ?? '') !== ''
      return respondText(200, dumps.dumpRequests(flowControl, clock, includesDetails))
    }
    default:
      return notFound()
  }
}

const notFound = () => respondText(404, '404 page not found\n')
