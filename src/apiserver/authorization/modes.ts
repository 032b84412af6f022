/** Upstream's names of those who may be asked about rights. */
export const MODES = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const
export type Mode = (typeof MODES)[number]
