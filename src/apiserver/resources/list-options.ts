/** The query of list, watch and deletecollection: selectors, limits and which revision is meant. */

import { type FieldError, forbidden, notSupported } from '#api/machinery/field-error.ts'
import { compileFieldSelector, parseFieldSelector } from '#api/machinery/field-selector.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { parseLabelSelector } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { badRequest, invalid as invalidStatus } from '#api/machinery/status.ts'
import { isTrue } from '../request-info.ts'
import type { View } from '../storage/view.ts'
import type { Filter } from '../watch-cache/filter.ts'

export interface ListOptions {
  readonly limit: number
  readonly continue: string
  /** As the client sent it: '' is absent. */
  readonly resourceVersion: string
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan'
  readonly timeoutMs: number | undefined
  readonly allowWatchBookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
}

export function listOptionsOf(query: URLSearchParams, forWatch: boolean): ListOptions {
  const sendInitialEvents = query.get('sendInitialEvents')
  const options = {
    limit: numberOf(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: (query.get('resourceVersionMatch') ??
      '') as ListOptions['resourceVersionMatch'],
    timeoutMs: timeoutOf(query),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: sendInitialEvents === null ? undefined : isTrue(sendInitialEvents),
  }
  const errors = forWatch ? wrongForWatch(options) : wrongForList(options)
  if (!forWatch && options.continue !== '' && !['', '0'].includes(options.resourceVersion))
    throw badRequest('specifying resource version is not allowed when using continue')
  if (errors.length > 0)
    throw invalidStatus({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  return options
}

function timeoutOf(query: URLSearchParams): number | undefined {
  const seconds = numberOf(query, 'timeoutSeconds')
  return seconds === undefined ? undefined : seconds * 1000
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^[-+]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  if (!Number.isSafeInteger(Number(text)))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  return Math.max(0, Number(text))
}

const MATCHES = ['Exact', 'NotOlderThan']

function wrongForList(options: ListOptions): FieldError[] {
  const { resourceVersion, resourceVersionMatch: match } = options
  if (options.sendInitialEvents !== undefined)
    return [forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')]
  if (match === '') return []
  if (resourceVersion === '')
    return [
      forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
    ]
  if (options.continue !== '')
    return [
      forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden when continue is provided',
      ),
    ]
  if (!MATCHES.includes(match)) return [notSupported('resourceVersionMatch', match, MATCHES)]
  if (match === 'Exact' && resourceVersion === '0')
    return [
      forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ),
    ]
  return []
}

function wrongForWatch(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match } = options
  if (options.sendInitialEvents === undefined)
    return match === ''
      ? []
      : [
          forbidden(
            'resourceVersionMatch',
            'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
          ),
        ]
  if (match === '')
    return [
      forbidden(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    ]
  if (match !== 'NotOlderThan')
    return [notSupported('resourceVersionMatch', match, ['NotOlderThan'])]
  return []
}

/** Fields by which watchers are filed: those that kinds can select by. */
export function filterOf(view: View, stored: AnyKind, query: URLSearchParams, at: At): Filter {
  const labels = query.get('labelSelector') ?? ''
  const fields = query.get('fieldSelector') ?? ''
  if (labels === '' && fields === '')
    return { namespace: at.namespace, ...(at.name ? { name: at.name } : {}) }
  const tests: ((object: KubernetesObject) => boolean)[] = []
  let name = at.name || undefined
  let { namespace } = at
  let indexed: Filter['indexed']
  if (fields !== '') {
    tests.push(compileFieldSelector(view.kind, fields))
    for (const { field, operator, value } of parseFieldSelector(fields)) {
      if (operator !== '=') continue
      if (field === 'metadata.name') name ??= value
      else if (field === 'metadata.namespace' && namespace === '' && value) namespace = value
      else if (Object.hasOwn(stored.fieldSelectors, field)) indexed ??= { field, value }
    }
  }
  if (labels !== '') {
    const matcher = parseLabelSelector(labels)
    if (!matcher.selectsEverything) tests.push(object => matcher.matches(object.metadata.labels))
  }
  const [only] = tests
  const matches = tests.length > 1 ? (o: KubernetesObject) => tests.every(test => test(o)) : only
  return {
    namespace,
    ...(name ? { name } : {}),
    ...(indexed ? { indexed } : {}),
    ...(matches ? { matches: viewed(view, matches) } : {}),
  }
}

interface At {
  readonly namespace: string
  readonly name: string
}

/** Selectors speak of the served version; where that is not the stored one, it has to be made first. */
function viewed(view: View, matches: (object: KubernetesObject) => boolean) {
  const { fromStored } = view
  return fromStored ? (stored: KubernetesObject) => matches(fromStored(stored)) : matches
}

/** A resource version as a number; throws as upstream words it. */
export function revisionOf(resourceVersion: string): number {
  if (!/^\d{1,15}$/.test(resourceVersion))
    throw badRequest(
      `Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    )
  return Number(resourceVersion)
}
