/** What one change of a policy makes of an object: a configuration laid over it, or a JSON patch. */
import type { Mutation } from '#api/admissionregistration/v1/policies.schema.ts'
import { scale } from '#api/autoscaling/v1/scale.ts'
import { configurationOf, operationsOf } from '#api/cel/construction.ts'
import type { ResultType } from '#api/cel/engine.ts'
import { mergeApplied } from '#api/machinery/apply/merge.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { jsonPatch, RejectedPatch } from '#api/machinery/patch/json-patch.ts'
import { libraryWords } from '#api/machinery/patch/library-words.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { type AnySchema, fieldSchemaOf } from '#api/machinery/schema.ts'
import { internalError } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { Form } from '../webhooks/form.ts'

/** The kind of what the policy sees. */
export function kindIn(form: Form, { kind }: ServedResource): AnyKind {
  return form.kind.kind === kind.kind ? kind : scale
}

/** Gives the changed object; throws what is wrong with the change, or a StatusError where nobody could store its result. */
export function mutated(
  { patchType, applyConfiguration, jsonPatch: patch }: Mutation,
  shown: KubernetesObject,
  kind: AnyKind,
  evaluate: (expression: string, type: ResultType) => unknown,
): unknown {
  if (patchType === 'ApplyConfiguration') {
    const value = evaluate(applyConfiguration?.expression ?? '', 'Object')
    return laidOver(shown, configurationOf(value), kind)
  }
  const operations = operationsOf(evaluate(patch?.expression ?? '', 'list<JSONPatch>'))
  return patched(shown, operations, kind)
}

function laidOver(shown: KubernetesObject, configuration: object, kind: AnyKind): unknown {
  const schema: AnySchema = { type: 'struct', presence: 'always', shape: kind.shape }
  const typed = { ...configuration, apiVersion: shown.apiVersion, kind: shown.kind }
  const [unknownField] = unknownFieldsOf(kind, typed, why => {
    throw new Error(`error applying patch: failed to convert patch object to typed object: ${why}`)
  })
  if (unknownField !== undefined)
    throw new Error(
      `error applying patch: failed to convert patch object to typed object: .${unknownField}: field not declared in schema`,
    )
  const whole = atomicsIn(schema, typed, '')
  if (whole.length > 0)
    throw new Error(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${whole.join(', ')}`,
    )
  return mergeApplied(schema, shown, typed)
}

function unknownFieldsOf(kind: AnyKind, object: unknown, fail: (why: string) => never): string[] {
  try {
    return decodeObject(kind, object).unknownFields
  } catch (thrown) {
    return fail(messageOf(thrown))
  }
}

/** Paths of what could only be replaced as a whole, by which people lose what they did not mean to. */
function atomicsIn(schema: AnySchema | undefined, value: unknown, path: string): string[] {
  if (schema?.type === 'list' && Array.isArray(value)) {
    const isWhole = schema.listType !== 'map' && schema.listType !== 'set'
    const below = value.flatMap((item, index) => atomicsIn(schema.items, item, `${path}[${index}]`))
    return [...(isWhole ? [path] : []), ...below]
  }
  if ((schema?.type !== 'struct' && schema?.type !== 'map') || !isPlainObject(value)) return []
  const own = schema.atomic ? [path] : []
  if (schema.type === 'map') return own
  const below = Object.entries(value).flatMap(([name, part]) =>
    atomicsIn(fieldSchemaOf(schema.shape, name), part, `${path}.${name}`),
  )
  return [...own, ...below]
}

function patched(shown: KubernetesObject, operations: object[], kind: AnyKind): unknown {
  let result: unknown
  try {
    // Whatever an operation of CEL does not say, is empty.
    result = jsonPatch(
      shown,
      operations.map(each => ({ path: '', ...each })),
    )
  } catch (thrown) {
    // By this operation a patch says when it is not meant.
    if (thrown instanceof RejectedPatch && thrown.fault === 'test') return shown
    throw new Error(`JSON Patch: ${libraryWords(thrown, operations)}`)
  }
  const unknownFields = unknownFieldsOf(kind, result, why => {
    throw internalError(why.replace(/^.* cannot be handled as a \w+: /, ''))
  })
  if (unknownFields.length > 0) {
    const texts = unknownFields.map(field => `unknown field ${JSON.stringify(field)}`)
    throw internalError(`strict decoding error: ${texts.join(', ')}`)
  }
  return result
}
