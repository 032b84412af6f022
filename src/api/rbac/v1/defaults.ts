import type { RoleRef, Subject } from './rules.ts'

export const RBAC_GROUP = 'rbac.authorization.k8s.io'

/** Users, groups and roles belong to this API group; service accounts to the core group. */
export function defaultBinding(draft: { subjects?: Subject[]; roleRef: RoleRef }): void {
  draft.roleRef.apiGroup ||= RBAC_GROUP
  for (const subject of draft.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= RBAC_GROUP
}
