/**
 * ConversionReview of apiextensions.k8s.io, v1 and v1beta1: the question to a conversion webhook, what its answer means, and what
 * of the answer is believed. A webhook converts what an object says; which object it is, is not the webhook's to change.
 */
import type { FieldError } from '../../machinery/field-error.ts'
import { copyJson, isPlainObject, type PlainObject, setKey } from '../../machinery/plain.ts'
import { validateAnnotations, validateLabels } from '../../machinery/validate-metadata.ts'

const GROUP = 'apiextensions.k8s.io'
const KIND = 'ConversionReview'
const VERSIONS = ['v1', 'v1beta1']

export interface ReviewId {
  readonly uid: string
  readonly version: string
}

/** The first version that the webhook and this server both speak. */
export function reviewVersion(accepted: readonly string[]): string | undefined {
  return accepted.find(version => VERSIONS.includes(version))
}

export function conversionReview(
  objects: readonly object[],
  desiredAPIVersion: string,
  { uid, version }: ReviewId,
): object {
  return {
    kind: KIND,
    apiVersion: `${GROUP}/${version}`,
    request: { uid, desiredAPIVersion, objects },
  }
}

/** The objects of an answer, not looked at yet. Throws an Error that says why there are none. */
export function convertedObjects(review: unknown, { uid, version }: ReviewId): unknown[] {
  const { apiVersion, kind, response } = isPlainObject(review) ? review : {}
  // The older version was never held to this, and webhooks that speak it need not do so.
  if (version === 'v1' && (apiVersion !== `${GROUP}/v1` || kind !== KIND))
    throw new Error(
      `expected webhook response of ${GROUP}/v1, Kind=${KIND}, got ${typeText(apiVersion, kind)}`,
    )
  if (!isPlainObject(response)) throw new Error('no response provided')
  if (version === 'v1' && response.uid !== uid)
    throw new Error(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`,
    )
  const { status, message } = isPlainObject(response.result) ? response.result : {}
  if (status !== 'Success')
    throw new Error(
      message ? String(message) : `response.result.status was '${status ?? ''}', not 'Success'`,
    )
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : []
}

/** `apps/v1, Kind=Deployment`, as messages name types; what is missing leaves its place empty. */
export function typeText(apiVersion: unknown, kind: unknown): string {
  return `${typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : '/'}, Kind=${kind ?? ''}`
}

/** Why an object of an answer is not believed; `isMetadata` where the fault is in what it may change of its metadata. */
export class ConversionFault extends Error {
  readonly isMetadata: boolean
  constructor(message: string, isMetadata = false) {
    super(message)
    this.isMetadata = isMetadata
  }
}

const SAME: readonly (readonly [string, string])[] = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
]

/**
 * What a webhook made of an object, with the metadata of the original but for labels and annotations. Throws a ConversionFault.
 */
export function believed(
  original: Readonly<PlainObject>,
  converted: unknown,
  apiVersion: string,
): PlainObject {
  if (!isPlainObject(converted) || typeof converted.kind !== 'string' || converted.kind === '')
    throw new ConversionFault("Object 'Kind' is missing")
  if (converted.apiVersion !== apiVersion)
    throw new ConversionFault(
      `invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion ?? ''})`,
    )
  if (converted.kind !== original.kind)
    throw new ConversionFault(
      `invalid kind (expected ${original.kind}, received ${converted.kind})`,
    )
  const [before, after] = [original.metadata, converted.metadata].map(part =>
    isPlainObject(part) ? part : {},
  ) as [PlainObject, PlainObject]
  for (const [field, name] of SAME)
    if ((before[field] ?? '') !== (after[field] ?? ''))
      throw new ConversionFault(
        `must have the same ${name}: ${before[field] ?? ''} != ${after[field] ?? ''}`,
      )
  if (converted.metadata === undefined)
    throw new ConversionFault('missing metadata in converted object', true)
  if (!isPlainObject(converted.metadata))
    throw new ConversionFault(
      `invalid metadata of type ${goType(converted.metadata)} in converted object`,
      true,
    )
  return { ...converted, metadata: mergedMetadata(before, after) }
}

/** A wrong annotation is told under this name, which is upstream's. */
const PLACES = { labels: 'metadata.labels', annotations: 'metadata.annotation' } as const

function mergedMetadata(before: PlainObject, after: PlainObject): PlainObject {
  const merged = copyJson(before, true)
  for (const field of ['labels', 'annotations'] as const) {
    const texts = textsIn(after[field], field)
    if (!texts) delete merged[field]
    else {
      if (!isSame(texts, before[field])) checkTexts(texts, field)
      setKey(merged, field, texts)
    }
  }
  return merged
}

function textsIn(value: unknown, field: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isPlainObject(value))
    throw new ConversionFault(
      `invalid metadata.${field} of type ${goType(value)} in converted object`,
      true,
    )
  for (const [key, text] of Object.entries(value))
    if (typeof text !== 'string')
      throw new ConversionFault(
        `metadata.${field}[${key}] must be a string, but is ${goType(text)} in converted object`,
        true,
      )
  return value as Record<string, string>
}

/** What was wrong before may stay so. */
function isSame(texts: Record<string, string>, before: unknown): boolean {
  const old = isPlainObject(before) ? before : {}
  const keys = Object.keys(texts)
  return (
    keys.length === Object.keys(old).length &&
    keys.every(key => Object.hasOwn(old, key) && old[key] === texts[key])
  )
}

function checkTexts(texts: Record<string, string>, field: keyof typeof PLACES): void {
  const check = field === 'labels' ? validateLabels : validateAnnotations
  const errors = check(PLACES[field], texts).map(
    ({ field: place, message }: FieldError) => `${place}: ${message}`,
  )
  if (errors.length > 0)
    throw new ConversionFault(
      errors.length === 1 ? String(errors[0]) : `[${errors.join(', ')}]`,
      true,
    )
}

/** The type of a decoded value in the words of Go. */
function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64'
    case 'boolean':
      return 'bool'
    case 'string':
      return 'string'
    default:
      return 'map[string]interface {}'
  }
}
