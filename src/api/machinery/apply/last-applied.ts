/**
 * The way from client-side to server-side apply. kubectl's client-side apply leaves what it applied in an annotation; where the live
 * object still says the same, `kubectl apply --server-side` takes those fields over without asking for force, and keeps the
 * annotation up to date, so that people may go back. Other managers opt out of both by their name.
 */
import { exactly, parseExactText } from '../exact-json.ts'
import type { KubernetesObject } from '../metadata.ts'
import { isPlainObject } from '../plain.ts'
import type { AnySchema } from '../schema.ts'
import { differences, fieldsOf } from './compare.ts'
import { FieldSet } from './field-set.ts'
import { ownable } from './managers.ts'

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration'
/** Annotations may have 256 KiB together; a configuration that is longer than that is not kept. */
const MAXIMUM_LENGTH = 256 * 1024

/** Whether this manager means kubectl itself, for which the annotation counts. */
export const followsAnnotation = (manager: string): boolean => manager === 'kubectl'

/** The fields that client-side apply set and nobody changed since. */
export function fieldsLastApplied(schema: AnySchema, live: KubernetesObject): FieldSet {
  const configuration = configurationIn(live)
  if (!configuration) return new FieldSet()
  const { changed, removed } = differences(schema, configuration, live)
  return ownable(fieldsOf(schema, configuration)).difference(changed).difference(removed)
}

function configurationIn({ metadata }: KubernetesObject): object | undefined {
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
  const { annotations } = object.metadata
  if (annotations?.[ANNOTATION] === undefined) return object
  const { [ANNOTATION]: _, ...others } = applied.metadata.annotations ?? {}
  const metadata = { ...applied.metadata, annotations: others }
  const text = `${JSON.stringify({ ...applied, metadata }, sortedKeys)}\n`
  if (text.length > MAXIMUM_LENGTH) return object
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [ANNOTATION]: text } },
  }
}
