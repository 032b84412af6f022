/** What the server is doing, for people who look for what holds it up: its queues. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { dumpPriorityLevels, dumpQueues, dumpRequests } from '../flow-control/dump.ts'
import { pageNotFound, respondText } from '../respond.ts'

const FLOWS = '/debug/api_priority_and_fairness/'

export function debug({ server, info }: Exchange): ApiResponse {
  const { flowControl, clock } = server
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
