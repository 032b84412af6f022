/** Nobody writes a role or a binding that gives more than they have. Not a plug-in upstream but part of its storage: always on. */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { checkBindingWrite, checkRoleWrite } from '../authorization/escalation.ts'
import type { AdmissionStep } from './admission.ts'
import type { AdmissionWorld } from './world.ts'

const RBAC_GROUP = 'rbac.authorization.k8s.io'

export function rbacEscalation({
  rbac,
  authorizer,
}: Pick<AdmissionWorld, 'rbac' | 'authorizer'>): AdmissionStep {
  const world = { view: rbac, authorizer }
  return {
    name: 'RBACEscalation',
    isFor: ({ operation, resource, object }) =>
      resource.group === RBAC_GROUP &&
      object !== undefined &&
      (operation === 'CREATE' || operation === 'UPDATE'),
    async validate({ resource, object, oldObject, user }) {
      // The path's resource decides, not what the body calls itself.
      switch (resource.resource) {
        case 'roles':
        case 'clusterroles':
          return checkRoleWrite(user, object as ClusterRole, oldObject as ClusterRole, world)
        case 'rolebindings':
        case 'clusterrolebindings':
          return checkBindingWrite(
            user,
            object as ClusterRoleBinding,
            oldObject as ClusterRoleBinding,
            world,
          )
      }
    },
  }
}
