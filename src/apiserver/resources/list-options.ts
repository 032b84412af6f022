/** The query of list, watch and deletecollection: selectors, limits and which revision is meant. */

import { type FieldError, forbidden, notSupported } from '#api/machinery/field-error.ts'
import { compileFieldSelector, parseFieldSelector } from '#api/machinery/field-selector.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { parseLabelSelector } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { badRequest, invalid as invalidStatus, PlainError } from '#api/machinery/status.ts'
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
  if (text === null) return undefined
  if (!/^[-+]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  if (!Number.isSafeInteger(Number(text)))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  return Math.max(0, Number(text))
}

const FIELD = 'resourceVersionMatch'
const MATCHES = ['Exact', 'NotOlderThan']
const WITH_CONTINUE = forbidden(FIELD, `${FIELD} is forbidden when continue is provided`)

function wrongForList(options: ListOptions): FieldError[] {
  const { resourceVersion, resourceVersionMatch: match } = options
  const errors: FieldError[] = []
  if (match !== '') {
    if (resourceVersion === '')
      errors.push(forbidden(FIELD, `${FIELD} is forbidden unless resourceVersion is provided`))
    if (options.continue !== '') errors.push(WITH_CONTINUE)
    if (!MATCHES.includes(match)) errors.push(notSupported(FIELD, match, [...MATCHES, '']))
    if (match === 'Exact' && resourceVersion === '0')
      errors.push(forbidden(FIELD, `${FIELD} "exact" is forbidden for resourceVersion "0"`))
  }
  if (options.sendInitialEvents !== undefined)
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}

function wrongForWatch(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match } = options
  const says = options.sendInitialEvents !== undefined
  const errors: FieldError[] = []
  if (says && match !== 'NotOlderThan')
    errors.push(forbidden(FIELD, `sendInitialEvents requires setting ${FIELD} to NotOlderThan`))
  if (match !== '' && !says)
    errors.push(
      forbidden(FIELD, `${FIELD} is forbidden for watch unless sendInitialEvents is provided`),
    )
  if (match !== '' && match !== 'NotOlderThan')
    errors.push(notSupported(FIELD, match, ['NotOlderThan']))
  if (options.continue !== '') errors.push(WITH_CONTINUE)
  return errors
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
      else if (isFiled(view, stored, field)) indexed ??= { field, value }
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
    ...(matches ? { matches } : {}),
    // Selectors speak of the served version.
    ...(matches && (view.fromStored || view.own) ? { view } : {}),
  }
}

/** Watchers are filed by what is stored, which a converted object need not say. */
const isFiled = (view: View, stored: AnyKind, field: string) =>
  !view.own?.isConverted && Object.hasOwn(stored.fieldSelectors, field)

interface At {
  readonly namespace: string
  readonly name: string
}

/** The largest that is a number at all, which no store ever reaches. */
const MAXIMUM_VERSION = 2n ** 64n - 1n

/** The revision that a list is about. What a continued list shows, its token says. */
export function revisionOfList(options: ListOptions): number | undefined {
  const { resourceVersion } = options
  if (resourceVersion === '' || options.continue !== '') return undefined
  return revisionOf(resourceVersion, 'invalid resource version: ')
}

/** A resource version as a number; throws as upstream words it. */
export function revisionOf(resourceVersion: string, refusal = ''): number {
  const isNumber = /^\d+$/.test(resourceVersion)
  if (isNumber && resourceVersion.length < 16) return Number(resourceVersion)
  if (isNumber && BigInt(resourceVersion) <= MAXIMUM_VERSION) return Number(resourceVersion)
  const quoted = JSON.stringify(resourceVersion)
  const why = isNumber ? 'value out of range' : 'invalid syntax'
  const message = `${refusal}resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`
  throw refusal === '' ? new PlainError(message) : badRequest(message)
}
