/** What a patch may make of the type of an object: whether it can still be read as one of its kind. */
import { checkTypeMeta } from '#api/machinery/decode.ts'
import { stringifyJson } from '#api/machinery/exact-json.ts'
import { invalid as invalidField } from '#api/machinery/field-error.ts'
import { goQuote } from '#api/machinery/go-quote.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { goKindOf } from '#api/machinery/mistakes/in-patched.ts'
import { goText } from '#api/machinery/patch/go-text.ts'
import { shownPatch } from '#api/machinery/patch/shown-patch.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
import { badRequest, invalid } from '#api/machinery/status.ts'
import { GO_TYPE_META, isNoVersion, noVersion, refusedPatch } from './body.ts'
import { conversionFailed, isRegistered } from './body-type.ts'
import { report } from './strict.ts'
import type { Write } from './write.ts'

export interface Patching {
  readonly write: Write
  readonly kind: AnyKind
  /** As it was. */
  readonly document: KubernetesObject
  /** The patch, where it is a strategic one; or else undefined. */
  readonly strategic: unknown
}

/** Whether what a patch made is an object that can be read as one of the kind. */
export function checkMade(result: unknown, patching: Patching): asserts result is PlainObject {
  if (!isPlainObject(result))
    throw refusedPatch(
      stringifyJson(result),
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeOf(result)} into Go value of type ${GO_TYPE_META}`,
    )
  const { strategic } = patching
  if (strategic !== undefined) keepType(result, patching)
  else checkPatchedType(result as unknown as KubernetesObject, patching)
}

const nameless = ({ name }: Write) =>
  badRequest(
    `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  )

/** What a strategic patch makes is read as what the object is, whatever it says of that. */
function keepType(result: PlainObject, { kind, document, strategic }: Patching): void {
  for (const name of ['kind', 'apiVersion'] as const) {
    const told = result[name] ?? ''
    if (typeof told !== 'string') {
      const isWhole = goKindOf(told) === 'int64'
      const why = isWhole ? 'cannot convert int64 to string' : 'unrecognized type: string'
      throw refusedPatch(goText(shownPatch(kind.shape, document, strategic)), why)
    }
    result[name] = document[name]
  }
}

/** What says no version is read as nothing at all: nothing knows any of its fields, and it has no name. */
function readAsNothing(result: object, write: Write): Error {
  const names = Object.keys(result).filter(name => name !== 'apiVersion' && name !== 'kind')
  const unknown = names.sort().map(name => `unknown field ${goQuote(name)}`)
  report(write.exchange, unknown, why => refusedPatch(stringifyJson(result), why))
  return nameless(write)
}

/** What a patch may make of the type itself: custom resources are judged by what they have become, others are read by it. */
function checkPatchedType(result: KubernetesObject, { write, kind, document }: Patching): void {
  const apiVersion = result.apiVersion ?? ''
  const { kind: named } = result
  for (const name of ['apiVersion', 'kind'] as const)
    if (result[name] !== undefined && result[name] !== null && typeof result[name] !== 'string')
      throw refusedPatch(
        stringifyJson(result),
        `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeOf(result[name])} into Go struct field .${name} of type string`,
      )
  if (kind.custom) {
    const errors = []
    if (result.metadata !== undefined && !isPlainObject(result.metadata))
      throw refusedPatch(
        stringifyJson(result),
        `json: cannot unmarshal ${jsonTypeOf(result.metadata)} into Go value of type v1.ObjectMeta`,
      )
    const wanted = apiVersionOf(kind)
    if (apiVersion !== wanted)
      errors.push(invalidField('apiVersion', apiVersion, `must be ${wanted}`))
    if (named !== kind.kind) errors.push(invalidField('kind', named, `must be ${kind.kind}`))
    const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : []
    if (named && errors.length > 0)
      throw invalid({ group, kind: named }, document.metadata.name ?? '', errors)
    if (!named)
      throw refusedPatch(
        stringifyJson(result),
        `Object 'Kind' is missing in '${stringifyJson(result)}'`,
      )
  } else if (apiVersion === '') {
    if (!named || named === kind.kind) throw readAsNothing(result, write)
    throw refusedPatch(
      stringifyJson(result),
      `no kind ${goQuote(named)} is registered for the internal version of group ${goQuote(kind.group)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  } else if (isOf(kind, apiVersion, named)) return
  else if (isNoVersion(apiVersion)) throw refusedPatch(stringifyJson(result), noVersion(apiVersion))
  else if (!isRegistered(kind.group, apiVersion, named || kind.kind))
    throw refusedPatch(
      stringifyJson(result),
      `no kind ${goQuote(named || kind.kind)} is registered for version ${goQuote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  else if (named && (named !== kind.kind || groupOf(apiVersion) !== kind.group))
    throw refusedPatch(stringifyJson(result), conversionFailed(kind, apiVersion, named))
  else checkTypeMeta(kind, result)
}

const isOf = (kind: AnyKind, apiVersion: string, named: string | undefined) =>
  apiVersion === apiVersionOf(kind) && (!named || named === kind.kind)

const groupOf = (apiVersion: string) =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
