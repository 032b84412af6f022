/** What a KubeSchedulerConfiguration says about one extender; the names are upstream's. */
export interface ExtenderConfiguration {
  /** Where it listens; a verb is added after a slash. */
  readonly urlPrefix: string
  /** Verbs that are absent or empty are not asked. */
  readonly filterVerb?: string
  readonly prioritizeVerb?: string
  readonly preemptVerb?: string
  readonly bindVerb?: string
  /** How much its scores count. */
  readonly weight?: number
  /** With HTTPS and no authority named, any certificate is believed. */
  readonly enableHTTPS?: boolean
  readonly tlsConfig?: ExtenderTls
  /** How long an answer may take. */
  readonly httpTimeoutMs?: number
  /** It knows the nodes itself: names are enough. */
  readonly nodeCacheCapable?: boolean
  /** Only pods that ask for one of these concern it; without any, all do. */
  readonly managedResources?: readonly ManagedResource[]
  /** Pods are placed without it while it does not answer. */
  readonly ignorable?: boolean
}

export interface ManagedResource {
  readonly name: string
  /** The scheduler leaves it to the extender whether there is enough. */
  readonly ignoredByScheduler?: boolean
}

/** Of each, the data (base64 of PEM) counts before the file. */
export interface ExtenderTls {
  readonly insecure?: boolean
  readonly serverName?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly caFile?: string
  readonly certData?: string
  readonly keyData?: string
  readonly caData?: string
}

/** Resources whose amounts the scheduler is not to check: NodeResourcesFit ignores them. */
export function resourcesIgnoredFor(extenders: readonly ExtenderConfiguration[]): string[] {
  return extenders.flatMap(({ managedResources = [] }) =>
    managedResources.flatMap(({ name, ignoredByScheduler }) => (ignoredByScheduler ? [name] : [])),
  )
}
