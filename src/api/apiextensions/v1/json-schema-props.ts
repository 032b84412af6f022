/**
 * The schema of a custom resource as its definition writes it: OpenAPI v3 with the extensions of Kubernetes. Schemas hold
 * schemas, so the fields are filled in after the shape has its name.
 */
import { JSON_VALUE } from '../../machinery/any-types.ts'
import {
  alternative,
  any,
  boolean,
  double,
  type Field,
  type Fields,
  int64,
  list,
  map,
  type Presence,
  shape,
  string,
  struct,
} from '../../machinery/schema.ts'

const PACKAGE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

export interface ValidationRule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: string
  fieldPath?: string
  optionalOldSelf?: boolean
}

export interface JsonSchemaProps {
  id?: string
  $schema?: string
  $ref?: string
  description?: string
  type?: string
  format?: string
  title?: string
  default?: unknown
  maximum?: number
  exclusiveMaximum?: boolean
  minimum?: number
  exclusiveMinimum?: boolean
  maxLength?: number
  minLength?: number
  pattern?: string
  maxItems?: number
  minItems?: number
  uniqueItems?: boolean
  multipleOf?: number
  enum?: unknown[]
  maxProperties?: number
  minProperties?: number
  required?: string[]
  items?: JsonSchemaProps | JsonSchemaProps[]
  allOf?: JsonSchemaProps[]
  oneOf?: JsonSchemaProps[]
  anyOf?: JsonSchemaProps[]
  not?: JsonSchemaProps
  properties?: Record<string, JsonSchemaProps>
  additionalProperties?: JsonSchemaProps | boolean
  patternProperties?: Record<string, JsonSchemaProps>
  dependencies?: Record<string, JsonSchemaProps | string[]>
  additionalItems?: JsonSchemaProps | boolean
  definitions?: Record<string, JsonSchemaProps>
  externalDocs?: { description?: string; url?: string }
  example?: unknown
  nullable?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-list-type'?: string
  'x-kubernetes-map-type'?: string
  'x-kubernetes-validations'?: ValidationRule[]
}

const validationRule = shape(
  `${PACKAGE}.ValidationRule`,
  'A rule in the Common Expression Language that values must obey.',
  {
    rule: string(1)
      .required()
      .doc('The expression, true for what is allowed; `self` is the value.'),
    message: string(2).doc('What is said when the rule does not hold.'),
    messageExpression: string(3).doc('An expression that makes the message; goes before message.'),
    reason: string(4)
      .enum('FieldValueRequired', 'FieldValueDuplicate', 'FieldValueInvalid', 'FieldValueForbidden')
      .optional()
      .doc('The reason in the answer: FieldValueInvalid unless another one is named.'),
    fieldPath: string(5).doc('The field below the value that the error is about, as a JSON path.'),
    optionalOldSelf: boolean(6)
      .optional()
      .doc('Whether the rule also runs where there is no old value; oldSelf is optional then.'),
  },
)

const externalDocumentation = shape(`${PACKAGE}.ExternalDocumentation`, 'Where more can be read.', {
  description: string(1).doc('What is to be found there.'),
  url: string(2).doc('The address of the documentation.'),
})

const fields: Record<string, Field<unknown, Presence>> = {}

export const jsonSchemaProps = shape(
  `${PACKAGE}.JSONSchemaProps`,
  'A schema for one value; of OpenAPI v3, what structural schemas may use.',
  fields as Fields,
)

const schemaOrList = shape(
  `${PACKAGE}.JSONSchemaPropsOrArray`,
  'One schema for all items, or a list of schemas, which definitions do not allow.',
  {
    schema: struct(1, jsonSchemaProps).optional().doc('The schema of every item.'),
    list: list(2, jsonSchemaProps).doc('A schema for each place.'),
  },
)
const schemaOrBoolean = shape(
  `${PACKAGE}.JSONSchemaPropsOrBool`,
  'A schema, or true for anything and false for nothing.',
  {
    allows: boolean(1).doc('Whether any value is allowed.'),
    schema: struct(2, jsonSchemaProps).optional().doc('The schema that values must match.'),
  },
)
const schemaOrNames = shape(
  `${PACKAGE}.JSONSchemaPropsOrStringArray`,
  'A schema, or names of properties; definitions allow neither.',
  {
    schema: struct(1, jsonSchemaProps).optional().doc('The schema that the object must match.'),
    names: list(2, string()).doc('The properties that must be there, too.'),
  },
)

const schemas = (number: number) => list(number, jsonSchemaProps).atomic()
const named = (number: number) => map(number, jsonSchemaProps)

Object.assign(fields, {
  id: string(1).doc('Not supported; must be absent.'),
  $schema: string(2).doc('The dialect of the schema; not interpreted.'),
  $ref: string(3).optional().doc('Not supported; must be absent.'),
  description: string(4).doc('What the value is for; shown by kubectl explain.'),
  type: string(5).doc('object, array, string, integer, number or boolean.'),
  format: string(6).doc('A format that strings or numbers must have, such as date-time or int32.'),
  title: string(7).doc('A short name for people.'),
  default: any(8).of(JSON_VALUE).optional().doc('What is taken where the field is absent.'),
  maximum: double(9).optional().doc('The largest number allowed.'),
  exclusiveMaximum: boolean(10).doc('Whether maximum itself is not allowed.'),
  minimum: double(11).optional().doc('The smallest number allowed.'),
  exclusiveMinimum: boolean(12).doc('Whether minimum itself is not allowed.'),
  maxLength: int64(13).optional().doc('The most characters that a string may have.'),
  minLength: int64(14).optional().doc('The fewest characters that a string must have.'),
  pattern: string(15).doc('A regular expression (RE2) that strings must match somewhere.'),
  maxItems: int64(16).optional().doc('The most items that a list may have.'),
  minItems: int64(17).optional().doc('The fewest items that a list must have.'),
  uniqueItems: boolean(18).doc('Not supported as true; use x-kubernetes-list-type set.'),
  multipleOf: double(19).optional().doc('Numbers must be a multiple of this one.'),
  enum: list(20, any().of(JSON_VALUE)).atomic().doc('The only values that are allowed.'),
  maxProperties: int64(21).optional().doc('The most fields that an object may have.'),
  minProperties: int64(22).optional().doc('The fewest fields that an object must have.'),
  required: list(23, string()).atomic().doc('The fields that must be there.'),
  items: alternative(24, schemaOrList, 'schema', 'list')
    .optional()
    .doc('The schema of the items of a list.'),
  allOf: schemas(25).doc('Schemas that must all match.'),
  oneOf: schemas(26).doc('Schemas of which exactly one must match.'),
  anyOf: schemas(27).doc('Schemas of which at least one must match.'),
  not: struct(28, jsonSchemaProps).optional().doc('A schema that must not match.'),
  properties: named(29).doc('The fields of an object and their schemas.'),
  additionalProperties: alternative(30, schemaOrBoolean, 'schema', 'allows')
    .optional()
    .doc('The schema of the values of a map; not together with properties.'),
  patternProperties: named(31).doc('Not supported; must be absent.'),
  dependencies: map(32, alternative(0, schemaOrNames, 'schema', 'names')).doc(
    'Not supported; must be absent.',
  ),
  additionalItems: alternative(33, schemaOrBoolean, 'schema', 'allows')
    .optional()
    .doc('Not supported; must be absent.'),
  definitions: named(34).doc('Not supported; must be absent.'),
  externalDocs: struct(35, externalDocumentation).optional().doc('Where more can be read.'),
  example: any(36).of(JSON_VALUE).optional().doc('An example, for people.'),
  nullable: boolean(37).doc('Whether null is a value of its own.'),
  'x-kubernetes-preserve-unknown-fields': boolean(38)
    .optional()
    .doc('True keeps fields that the schema does not name.'),
  'x-kubernetes-embedded-resource': boolean(39).doc(
    'Whether the value is a whole Kubernetes object with apiVersion, kind and metadata.',
  ),
  'x-kubernetes-int-or-string': boolean(40).doc('Whether the value is a whole number or a string.'),
  'x-kubernetes-list-map-keys': list(41, string())
    .atomic()
    .doc('The fields by which items of a map list are told apart.'),
  'x-kubernetes-list-type': string(42)
    .optional()
    .doc('How apply merges the list: atomic, set or map.'),
  'x-kubernetes-map-type': string(43)
    .optional()
    .doc('How apply merges the object: granular or atomic.'),
  'x-kubernetes-validations': list(44, validationRule)
    .mergeKey('rule')
    .listMap('rule')
    .doc('Rules in the Common Expression Language.'),
})
