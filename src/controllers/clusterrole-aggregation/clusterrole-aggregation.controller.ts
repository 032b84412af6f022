/** Composes cluster roles of others that they select by their labels. */
import { keyOf } from '#api/machinery/metadata.ts'
import { clusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { reconcile } from './clusterrole-aggregation.reconcile.ts'

export function clusterRoleAggregationController(context: ControllerContext): Controller {
  const roles = context.informers.for(clusterRole)
  return {
    name: 'clusterrole-aggregation-controller',
    workers: 5,
    views: [{ kind: clusterRole, informer: roles }],
    wake(queue) {
      // Any role may be part of any other; there are few that are composed.
      const wakeComposed = () => {
        for (const role of roles.list()) if (role.aggregationRule) queue.add(keyOf(role))
      }
      queue.onStop(roles.subscribe({ changed: wakeComposed, deleted: wakeComposed }))
    },
    reconcile(key) {
      const role = roles.get(key)
      return role ? reconcile(role, roles.list()) : { writes: [] }
    },
  }
}
