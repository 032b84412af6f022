/** What another server says that it serves, in whichever form it says so. */
import { isPlainObject } from '#api/machinery/plain.ts'
import { AGGREGATED_PARAMETERS } from '../discovery/aggregated.ts'
import { JSON_TYPE } from '../media-type.ts'
import type { Answer } from './target.ts'

type Ask = (path: string, accept: string) => Promise<Answer>

const OLDER_PARAMETERS = 'g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'

/** Its resources in the form of apidiscovery.k8s.io/v2. Rejects where nothing is to be learned. */
export async function discoverResources(
  ask: Ask,
  { group, version }: { readonly group: string; readonly version: string },
): Promise<readonly object[]> {
  const accept = [AGGREGATED_PARAMETERS, OLDER_PARAMETERS].map(each => `${JSON_TYPE};${each}`)
  const answer = await ask('/apis', accept.join(','))
  if (answer.status === 503) throw new Error('it returned non-success response code: 503')
  if (answer.status === 200 && isAggregated(answer)) {
    const { items } = jsonIn(answer)
    const found = listOf(listOf(items).find(each => nameOf(each) === group)?.versions).find(
      each => each.version === version,
    )
    return listOf(found?.resources).map(withKinds)
  }
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const legacy = await ask(path, JSON_TYPE)
  if (legacy.status !== 200)
    throw new Error(`failed to download legacy discovery for ${path}: ${legacy.status}`)
  return fromLegacy(listOf(jsonIn(legacy).resources), { group, version })
}

function isAggregated({ headers }: Answer): boolean {
  const type = headers['content-type'] ?? ''
  return /;\s*as=APIGroupDiscoveryList/.test(type) && /;\s*v=v2(beta1)?\s*(;|$)/.test(type)
}

type Json = Record<string, unknown>

export function jsonIn({ body }: Answer): Json {
  const value: unknown = JSON.parse(Buffer.from(body).toString())
  if (!isPlainObject(value)) throw new Error('the answer is no object')
  return value
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isPlainObject) : [])
const nameOf = ({ metadata }: Json) => (isPlainObject(metadata) ? metadata.name : undefined)

/** Some clients fall over resources that do not say what they speak. */
function withKinds(resource: Json): Json {
  const complete = (each: Json) => ({ ...each, responseKind: each.responseKind ?? NO_KIND })
  const subresources = listOf(resource.subresources).map(complete)
  return { ...complete(resource), ...(subresources.length > 0 ? { subresources } : {}) }
}
const NO_KIND = { group: '', version: '', kind: '' }

function fromLegacy(rows: readonly Json[], own: { group: string; version: string }): object[] {
  const speaks = (row: Json) => ({
    group: row.group || own.group,
    version: row.version || own.version,
    kind: row.kind,
  })
  const named = rows.map(row => ({ row, parts: String(row.name ?? '').split('/') }))
  return named
    .filter(({ parts }) => parts.length === 1)
    .map(({ row, parts: [name] }) => {
      const subresources = named
        .filter(({ parts }) => parts.length === 2 && parts[0] === name)
        .map(({ row: below, parts }) => ({
          subresource: parts[1],
          responseKind: speaks(below),
          verbs: below.verbs,
        }))
      return {
        resource: name,
        responseKind: speaks(row),
        scope: row.namespaced === true ? 'Namespaced' : 'Cluster',
        singularResource: row.singularName ?? '',
        verbs: row.verbs,
        ...(row.shortNames ? { shortNames: row.shortNames } : {}),
        ...(row.categories ? { categories: row.categories } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      }
    })
}
