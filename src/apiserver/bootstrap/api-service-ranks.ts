/**
 * How groups of the API rank: where clients find one name in several groups, the higher group is meant; within a group the
 * highest version is preferred. The numbers are upstream's, for other API servers rank themselves between them.
 */
export interface Rank {
  readonly group: number
  readonly version: number
}

type Versions = Readonly<Record<string, number>>
const STABLE: Versions = { v1: 15 }
/** Versions that the table does not name, by their maturity. */
const BY_MATURITY = { stable: 15, beta: 9, alpha: 1 }

const RANKS: Readonly<Record<string, readonly [number, Versions]>> = {
  '': [18000, { v1: 1 }],
  apps: [17800, STABLE],
  'events.k8s.io': [17750, STABLE],
  'authentication.k8s.io': [17700, STABLE],
  'authorization.k8s.io': [17600, STABLE],
  autoscaling: [17500, { v1: 15, v2: 30 }],
  batch: [17400, STABLE],
  'certificates.k8s.io': [17300, STABLE],
  'networking.k8s.io': [17200, STABLE],
  policy: [17100, STABLE],
  'rbac.authorization.k8s.io': [17000, STABLE],
  'storage.k8s.io': [16800, STABLE],
  'admissionregistration.k8s.io': [16700, { v1: 15, v1beta1: 12, v1alpha1: 9 }],
  'apiextensions.k8s.io': [16700, STABLE],
  'scheduling.k8s.io': [16600, { v1: 15, v1alpha2: 2 }],
  'coordination.k8s.io': [16500, { v1: 15, v1beta1: 13, v1alpha2: 12 }],
  'node.k8s.io': [16300, STABLE],
  'discovery.k8s.io': [16200, STABLE],
  'resource.k8s.io': [16200, { v1: 21, v1beta2: 15, v1beta1: 9, v1alpha3: 1 }],
  'flowcontrol.apiserver.k8s.io': [16100, { v1: 21 }],
  'internal.apiserver.k8s.io': [16000, { v1alpha1: 9 }],
  'storagemigration.k8s.io': [15800, { v1beta1: 9 }],
}

/** Custom resources come after everything built in. */
export const CUSTOM_RANK: Rank = { group: 1000, version: 100 }

/** Undefined for groups that are not to be registered. */
export function rankOf(group: string, version: string): Rank | undefined {
  const entry = Object.hasOwn(RANKS, group) ? RANKS[group] : undefined
  if (!entry) return undefined
  const [rank, versions] = entry
  const maturity = /alpha/.test(version) ? 'alpha' : /beta/.test(version) ? 'beta' : 'stable'
  return { group: rank, version: versions[version] ?? BY_MATURITY[maturity] }
}
