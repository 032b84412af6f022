/**
 * The way from client-side to server-side apply. kubectl's client-side apply leaves what it applied in an annotation; where the live
 * object still says the same, `kubectl apply --server-side` takes those fields over without asking for force, and keeps the
 * annotation up to date, so that people may go back. Other managers opt out of both by their name.
 */
import { exactly, parseExactText } from '../exact-json.ts'
import { type AnyKind, apiVersionOf } from '../kind.ts'
import type { KubernetesObject } from '../metadata.ts'
import { utf8Length } from '../names.ts'
import { isPlainObject, type PlainObject } from '../plain.ts'
import { differences, fieldsOf } from './compare.ts'
import { FieldSet } from './field-set.ts'
import { ownable } from './managers.ts'
import { faultsIn } from './undeclared.ts'
import { schemaOf } from './versions.ts'

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration'
/** Annotations may have 256 KiB together; a configuration that makes them longer is not kept. */
const MAXIMUM_LENGTH = 256 * 1024

/** Whether this manager means kubectl itself, for which the annotation counts. */
export const followsAnnotation = (manager: string): boolean => manager === 'kubectl'

/** The fields that client-side apply set and nobody changed since. */
export function fieldsLastApplied(kind: AnyKind, live: KubernetesObject): FieldSet {
  const configuration = configurationIn(live)
  const schema = schemaOf(kind)
  // What cannot be owned grants nothing, and neither does what was applied in another version, or to what has items twice by now.
  if (configuration?.apiVersion !== apiVersionOf(kind)) return new FieldSet()
  if (faultsIn(schema, configuration) || faultsIn(schema, live)) return new FieldSet()
  const { lost } = differences(schema, configuration, live)
  return ownable(fieldsOf(schema, configuration)).difference(lost)
}

function configurationIn({ metadata }: KubernetesObject): PlainObject | undefined {
  const text = metadata.annotations?.[ANNOTATION]
  if (!text) return undefined
  try {
    const configuration: unknown = parseExactText(text)
    return isPlainObject(configuration) ? configuration : undefined
  } catch {
    // Anybody may write annotations; one that is no configuration grants nothing.
    return undefined
  }
}

/** kubectl writes the annotation so, and compares it as text. */
const sortedKeys = (key: string, value: unknown) =>
  isPlainObject(value) ? Object.fromEntries(Object.entries(value).sort()) : exactly(key, value)

/** `object` with its annotation, where it has one, telling the configuration that was just applied. */
export function rememberApplied(
  object: KubernetesObject,
  applied: KubernetesObject,
): KubernetesObject {
  const { [ANNOTATION]: last, ...others } = object.metadata.annotations ?? {}
  if (!last) return object
  const text = `${asGoWrites(JSON.stringify(withoutAnnotation(applied), sortedKeys))}\n`
  const remembered = { ...others, [ANNOTATION]: text }
  const annotations = lengthOf(remembered) > MAXIMUM_LENGTH ? others : remembered
  return { ...object, metadata: { ...object.metadata, annotations } }
}

function withoutAnnotation(applied: KubernetesObject): KubernetesObject {
  const { annotations, ...metadata } = applied.metadata ?? {}
  if (!annotations) return applied.metadata ? { ...applied, metadata } : applied
  // As upstream reads them: null is empty.
  const others = Object.entries(annotations)
    .filter(([name]) => name !== ANNOTATION)
    .map(([name, value]) => [name, value ?? ''])
  return { ...applied, metadata: { ...metadata, annotations: Object.fromEntries(others) } }
}

/** Go escapes what HTML would read otherwise. */
const asGoWrites = (json: string) =>
  json.replace(
    /[<>&\u2028\u2029]/g,
    letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Null counts as empty, which it is to be once it is decoded. */
const lengthOf = (annotations: Readonly<Record<string, string | null>>) =>
  Object.entries(annotations).reduce(
    (sum, [name, value]) => sum + utf8Length(name) + utf8Length(value ?? ''),
    0,
  )
