/** The words by which federation marks objects: those of Federation v1 where it had one, so that its users and policies find them. */

/** Where the control plane keeps its clusters; `kubefed init` chose the same name. */
export const SYSTEM_NAMESPACE = 'federation-system'
/** In `spec.clusterManager` of profiles that are ours, as the manager of applied fields, as the source of Events and as the name of the Lease. */
export const MANAGER = 'federation-controller-manager'

/** Of an object on the host: a JSON list of requirements which labels of clusters must meet. */
export const CLUSTER_SELECTOR = 'federation.alpha.kubernetes.io/cluster-selector'
/** Of an object on the host, written by us: where it is, as JSON by cluster. */
export const PLACEMENT = 'federation.kubernetes.io/placement'
/** Of objects on the host: `false` keeps one to itself; `true` at a definition federates its custom resources, `objects` only them and not the definition. */
export const FEDERATED = 'federation.kubernetes.io/federated'

/** Of a ClusterProfile: `false` where Services across clusters are somebody else's work. */
export const SERVICES = 'federation.kubernetes.io/services'

/** Of objects in member clusters: the uid of the federation that placed them. What lacks it belongs to somebody else. */
export const PLACED_BY = 'federation.kubernetes.io/placed-by'
/** Of objects in member clusters: which cluster the federation takes this one for. */
export const CLUSTER_NAME = 'federation.alpha.kubernetes.io/cluster-name'
/** Of objects in member clusters: a digest of all that was applied last. */
export const APPLIED = 'federation.kubernetes.io/applied'

/** Keeps an object on the host until it is gone from all clusters. */
export const DELETE_FROM_CLUSTERS = 'federation.kubernetes.io/delete-from-underlying-clusters'
/** What `--cascade=orphan` puts there: the copies stay. */
export const ORPHAN = 'orphan'
/** The same, remembered once the garbage collector of the host has taken its finalizer away. */
export const ORPHAN_REMEMBERED = 'federation.kubernetes.io/orphan'

/** Everything that a user may not hand on to members by writing it on the host. */
export const isOurs = (key: string): boolean =>
  /^federation\.(?:alpha\.)?kubernetes\.io\//.test(key)
