import { ageOf, column, nameColumn } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import type {
  PoolStatus,
  ResourcePoolStatusRequest,
} from './resource-pool-status-request.schema.ts'

type Request = ResourcePoolStatusRequest

const outcome = ({ status }: Request, type: 'Complete' | 'Failed') =>
  status?.conditions?.find(condition => condition.type === type && condition.status === 'True')

/** What is counted over all pools, once there is an answer that can be counted. */
const counted = (name: string, description: string, countOf: (pool: PoolStatus) => number) =>
  column<Request>(name, description, request => {
    if (!request.status || outcome(request, 'Failed')) return '-'
    return String((request.status.pools ?? []).reduce((sum, pool) => sum + countOf(pool), 0))
  })

export const poolStatusColumns: readonly Column<Request>[] = [
  nameColumn,
  column('Driver', 'Whose pools are asked about.', ({ spec }) => spec.driver),
  counted('Total', 'Devices in all pools.', pool => pool.totalDevices ?? 0),
  counted('Available', 'Devices that can be had.', pool => pool.availableDevices ?? 0),
  counted('Allocated', 'Devices that claims have.', pool => pool.allocatedDevices ?? 0),
  counted('Unavailable', 'Devices that cannot be had.', pool => pool.unavailableDevices ?? 0),
  counted('Errors', 'Pools that could not be counted.', pool => (pool.validationError ? 1 : 0)),
  column('Pools', 'Pools that there are.', ({ status }) => status?.poolCount ?? 0, {
    type: 'integer',
  }),
  column('Status', 'How far the answer is.', request => {
    if (outcome(request, 'Failed')) return 'Failed'
    return outcome(request, 'Complete') ? 'Complete' : 'Pending'
  }),
  column('Completed', 'Time since the answer.', (request, now) => {
    const complete = outcome(request, 'Failed') ? undefined : outcome(request, 'Complete')
    return complete ? ageOf(complete.lastTransitionTime, now) : '<none>'
  }),
]
