/** What must hold of a custom resource: its schema, its embedded objects, its lists and its scale. */
import type { FieldError } from '../../machinery/field-error.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import type { CustomResourceVersion } from '../v1/custom-resource-definition.schema.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { hasRules, wrongByRules } from './cel-rules.ts'
import { validateEmbedded } from './embedded.ts'
import { validateListTypes } from './list-types.ts'
import { wrongScaleSpec, wrongScaleStatus } from './scale.ts'
import { validateValue } from './validate.ts'
import { propertyOf } from './walk.ts'

type Rules = {
  readonly validateCreate: (object: KubernetesObject) => FieldError[]
  readonly validateUpdate: (next: KubernetesObject, previous: KubernetesObject) => FieldError[]
  readonly validateStatusUpdate: Rules['validateUpdate']
}

/** The schema is compiled with the first write: most resources of a cluster are read alone. */
export function rulesOf(
  schema: JsonSchemaProps,
  subresources: CustomResourceVersion['subresources'],
): Rules {
  const scale = subresources?.scale
  const statusSchema = propertyOf(schema, 'status')
  const wrongLists = (next: KubernetesObject, previous?: KubernetesObject) => {
    const errors = validateListTypes(schema, next)
    // What was wrong already may stay so.
    if (errors.length === 0 || !previous) return errors
    return validateListTypes(schema, previous).length === 0 ? errors : []
  }
  const isRuled = hasRules(schema)
  const ruled = (found: FieldError[], next: KubernetesObject, previous?: KubernetesObject) =>
    isRuled ? [...found, ...wrongByRules(schema, next, previous, found)] : found
  const wrong = (next: KubernetesObject, previous?: KubernetesObject) => [
    ...validateValue(schema, next, previous ? { old: previous } : {}),
    ...wrongScaleSpec(next, scale),
    ...wrongScaleStatus(next, scale),
    ...validateEmbedded(schema, next, ''),
    ...wrongLists(next, previous),
  ]
  const wrongByStatus = (next: KubernetesObject, previous: KubernetesObject) => [
    ...wrongStatus(statusSchema, next, previous),
    ...wrongScaleStatus(next, scale),
    ...wrongLists(next, previous),
  ]
  return {
    validateCreate: object => ruled(wrong(object), object),
    validateUpdate: (next, previous) => ruled(wrong(next, previous), next, previous),
    validateStatusUpdate: (next, previous) => ruled(wrongByStatus(next, previous), next, previous),
  }
}

function wrongStatus(
  schema: JsonSchemaProps | undefined,
  next: KubernetesObject,
  previous: KubernetesObject,
): FieldError[] {
  const { status } = next as { status?: unknown }
  if (!schema || status === undefined) return []
  const { status: old } = previous as { status?: unknown }
  return validateValue(schema, status, { old, prefix: 'status' })
}
