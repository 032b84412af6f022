/** What the API serves, as its aggregated discovery tells it: built-in kinds and custom ones alike. */

export interface Resource {
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly isNamespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
  /** Names such as `scale`, `status`, `log`. */
  readonly subresources: readonly string[]
}

/** What is read of apidiscovery.k8s.io/v2. */
interface DiscoveryList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly {
      readonly version: string
      readonly resources?: readonly {
        readonly resource: string
        readonly responseKind?: { readonly kind?: string }
        readonly scope?: string
        readonly verbs?: readonly string[]
        readonly shortNames?: readonly string[]
        readonly subresources?: readonly { readonly subresource: string }[]
      }[]
    }[]
  }[]
}

/** Each resource once, in the version that its server prefers. */
export function resourcesIn(lists: readonly DiscoveryList[]): Resource[] {
  const found = new Map<string, Resource>()
  for (const group of lists.flatMap(list => list.items ?? []))
    for (const { version, resources } of group.versions ?? [])
      for (const each of resources ?? []) {
        const key = resourceKey({ group: group.metadata?.name ?? '', plural: each.resource })
        if (found.has(key)) continue
        found.set(key, {
          group: group.metadata?.name ?? '',
          version,
          plural: each.resource,
          kind: each.responseKind?.kind ?? each.resource,
          isNamespaced: each.scope === 'Namespaced',
          verbs: each.verbs ?? [],
          shortNames: each.shortNames ?? [],
          subresources: (each.subresources ?? []).map(({ subresource }) => subresource),
        })
      }
  return [...found.values()]
}

/** As kubectl writes it: `deployments.apps`, `pods`. */
export const resourceKey = ({ group, plural }: Pick<Resource, 'group' | 'plural'>): string =>
  group ? `${plural}.${group}` : plural

export const canList = ({ verbs }: Resource): boolean => verbs.includes('list')

export const apiVersionOf = ({ group, version }: Pick<Resource, 'group' | 'version'>): string =>
  group ? `${group}/${version}` : version

/** The resource of an object that names its kind, as owner references do. */
export function resourceOfKind(
  resources: Iterable<Resource>,
  apiVersion: string,
  kind: string,
): Resource | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  for (const each of resources) if (each.group === group && each.kind === kind) return each
  return undefined
}

export interface Place {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** The path of a collection, an object or a subresource. */
export function apiPath(
  {
    group,
    version,
    plural,
    isNamespaced,
  }: Pick<Resource, 'group' | 'version' | 'plural' | 'isNamespaced'>,
  { namespace, name, subresource }: Place = {},
): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`
  const parts = [
    ...(isNamespaced && namespace ? ['namespaces', encodeURIComponent(namespace)] : []),
    plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource ? [subresource] : []),
  ]
  return [root, ...parts].join('/')
}

/** With what is undefined or empty left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '' && value !== false) parameters.set(name, String(value))
  const text = parameters.toString()
  return text ? `${path}?${text}` : path
}
