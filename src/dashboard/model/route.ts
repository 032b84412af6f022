/** Which page the address names, behind its `#`: every page, tab and filter has an address, so that it can be shared and gone back to. */

export interface ListRoute {
  readonly page: 'list'
  /** `deployments.apps`. */
  readonly resource: string
  readonly query: ListQuery
}

export interface ListQuery {
  /** '' for all namespaces. */
  readonly namespace: string
  readonly labels: string
  readonly fields: string
  /** A part of what stands in a row. */
  readonly text: string
  /** A column's name, with `-` before it for the largest first; '' for the order of the server. */
  readonly sort: string
  readonly isWide: boolean
}

export interface ObjectRoute {
  readonly page: 'object'
  readonly resource: string
  /** '' for what is in no namespace. */
  readonly namespace: string
  readonly name: string
  /** '' for the first. */
  readonly tab: string
  /** Of a pod's logs and terminal; '' for its first one. */
  readonly container: string
}

export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'kinds' }
  | { readonly page: 'unknown'; readonly address: string }
  | ListRoute
  | ObjectRoute

const NO_NAMESPACE = '-'

export const noQuery: ListQuery = {
  namespace: '',
  labels: '',
  fields: '',
  text: '',
  sort: '',
  isWide: false,
}

/** Reads what stands behind `#` in the address. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#/, '')
  const at = text.indexOf('?')
  const path = at < 0 ? text : text.slice(0, at)
  const query = new URLSearchParams(at < 0 ? '' : text.slice(at + 1))
  const parts = path.split('/').filter(part => part !== '')
  const decoded = parts.map(decodedPart)
  const [page, resource = '', namespace = '', name = ''] = decoded
  if (page === undefined) return { page: 'overview' }
  if (page === 'kinds' && parts.length === 1) return { page }
  if (page === 'list' && parts.length === 2)
    return {
      page,
      resource,
      query: {
        namespace: query.get('namespace') ?? '',
        labels: query.get('labels') ?? '',
        fields: query.get('fields') ?? '',
        text: query.get('text') ?? '',
        sort: query.get('sort') ?? '',
        isWide: query.get('wide') === 'true',
      },
    }
  if (page === 'object' && parts.length === 4)
    return {
      page,
      resource,
      namespace: namespace === NO_NAMESPACE ? '' : namespace,
      name,
      tab: query.get('tab') ?? '',
      container: query.get('container') ?? '',
    }
  return { page: 'unknown', address: text }
}

/** Who typed a lone percent sign means it. */
function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The address of a page, with its `#`. */
export function addressOf(route: Route): string {
  switch (route.page) {
    case 'overview':
      return '#/'
    case 'kinds':
      return '#/kinds'
    case 'unknown':
      return `#${route.address}`
    case 'list': {
      const { isWide, ...rest } = route.query
      const query = new URLSearchParams()
      for (const [name, value] of Object.entries(rest)) if (value) query.set(name, value)
      if (isWide) query.set('wide', 'true')
      return withQuery(`#/list/${encodeURIComponent(route.resource)}`, query)
    }
    case 'object': {
      const { resource, namespace, name, tab, container } = route
      const query = new URLSearchParams()
      if (tab) query.set('tab', tab)
      if (container) query.set('container', container)
      const parts = [resource, namespace || NO_NAMESPACE, name].map(encodeURIComponent)
      return withQuery(`#/object/${parts.join('/')}`, query)
    }
  }
}

function withQuery(path: string, query: URLSearchParams): string {
  return query.size > 0 ? `${path}?${query}` : path
}

export const listAddress = (resource: string, query: Partial<ListQuery> = {}): string =>
  addressOf({ page: 'list', resource, query: { ...noQuery, ...query } })

export const objectAddress = (
  resource: string,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name: string },
  tab = '',
): string =>
  addressOf({ page: 'object', resource, namespace: namespace ?? '', name, tab, container: '' })
