import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, forbidden, invalid, tooLong } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { utf8Length } from '../../machinery/names.ts'
import { boolean, bytes, map, string } from '../../machinery/schema.ts'

/** A ConfigMap must fit in one request and one store value: 1 MiB over all its values. */
const MAXIMUM_BYTES = 1024 * 1024

const configMapShape = objectShape(
  'io.k8s.api.core.v1.ConfigMap',
  'Configuration for pods, as text and binary values by key.',
  {
    immutable: boolean(4)
      .optional()
      .doc('When true, the values can never change again; only delete and create anew.'),
    data: map(2, string()).doc(
      'Text values by key; a key may stand here or in binaryData, not in both.',
    ),
    binaryData: map(3, bytes()).doc('Binary values by key.'),
  },
)
export type ConfigMap = ObjectOfShape<typeof configMapShape>

export const configMap = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  scope: 'Namespaced',
  shape: configMapShape,
  validate: object => [...keysAreFileNames(object), ...fitsInOneMebibyte(object)],
  validateUpdate: (next, previous) => immutableStaysImmutable(next, previous),
  judgesChangesFirst: true,
  columns: [
    nameColumn,
    column(
      'Data',
      'How many keys the ConfigMap holds.',
      object => Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length,
    ),
    ageColumn,
  ],
})

function keysAreFileNames(object: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  for (const [field, values] of [
    ['data', object.data],
    ['binaryData', object.binaryData],
  ] as const)
    for (const key of Object.keys(values ?? {}))
      if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key.startsWith('..'))
        errors.push(
          invalid(
            `${field}[${key}]`,
            key,
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
          ),
        )
  for (const key of Object.keys(object.data ?? {}))
    if (object.binaryData && Object.hasOwn(object.binaryData, key))
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  return errors
}

/** A unit of a text takes at most so many bytes in UTF-8. */
const MOST_BYTES_A_UNIT = 3

function fitsInOneMebibyte(object: ConfigMap): FieldError[] {
  const texts = Object.values(object.data ?? {})
  let binary = 0
  for (const value of Object.values(object.binaryData ?? {}))
    binary += Math.floor((value.length * 3) / 4)
  const most = texts.reduce((sum, text) => sum + MOST_BYTES_A_UNIT * text.length, binary)
  // Nearly always: then nobody has to look at each letter.
  if (most <= MAXIMUM_BYTES) return []
  const total = texts.reduce((sum, text) => sum + utf8Length(text), binary)
  return total > MAXIMUM_BYTES ? [tooLong('', MAXIMUM_BYTES)] : []
}

function immutableStaysImmutable(next: ConfigMap, previous: ConfigMap): FieldError[] {
  if (!previous.immutable) return []
  const errors: FieldError[] = []
  if (!next.immutable)
    errors.push(forbidden('immutable', 'field is immutable when `immutable` is set'))
  for (const field of ['data', 'binaryData'] as const)
    if (JSON.stringify(next[field] ?? {}) !== JSON.stringify(previous[field] ?? {}))
      errors.push(forbidden(field, 'field is immutable when `immutable` is set'))
  return errors
}
