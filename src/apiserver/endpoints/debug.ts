/** What the server is doing, for people who look for what holds it up: its queues, and profiles. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { dumpPriorityLevels, dumpQueues, dumpRequests } from '../flow-control/dump.ts'
import { pageNotFound, respondText } from '../respond.ts'

const FLOWS = '/debug/api_priority_and_fairness/'

const PPROF = '/debug/pprof'

export async function debug({ server, info, request }: Exchange): Promise<ApiResponse> {
  const { flowControl, clock, answering } = server
  const { pprof } = answering
  if (pprof && (info.path === PPROF || info.path.startsWith(`${PPROF}/`))) {
    const path = info.path.slice(PPROF.length)
    return pprof({ method: request.method, path, query: info.query, signal: request.signal })
  }
  if (!flowControl || !info.path.startsWith(FLOWS)) return pageNotFound()
  switch (info.path.slice(FLOWS.length)) {
    case 'dump_priority_levels':
      return respondText(200, dumpPriorityLevels(flowControl))
    case 'dump_queues':
      return respondText(200, dumpQueues(flowControl))
    case 'dump_requests': {
      const includesDetails = (info.query.get('includeRequestDetails') ?? '') !== ''
      return respondText(200, dumpRequests(flowControl, clock, includesDetails))
    }
    default:
      return pageNotFound()
  }
}
