import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, bytes, map, string } from '../../machinery/schema.ts'
import { validateSecret, validateSecretUpdate } from './secret.validation.ts'

export const secretShape = objectShape(
  'io.k8s.api.core.v1.Secret',
  'Small confidential values by key, such as passwords, tokens and keys.',
  {
    immutable: boolean(5)
      .optional()
      .doc('When true, the values can never change again; only delete and create anew.'),
    data: map(2, bytes()).doc('Values by key, in base64.'),
    stringData: map(4, string()).doc(
      'Texts by key, only for writing: they are encoded into data and win over it.',
    ),
    type: string(3).doc(
      'What the secret is for; it decides which keys must be there. Opaque if empty.',
    ),
  },
)
export type Secret = ObjectOfShape<typeof secretShape>

export const secret = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  shape: secretShape,
  defaults: draft => {
    draft.type ||= 'Opaque'
    encodeStringData(draft)
  },
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
  judgesChangesFirst: true,
  fieldSelectors: { type: object => object.type ?? '' },
  columns: [
    nameColumn,
    column('Type', 'What the secret is for.', object => object.type ?? ''),
    column(
      'Data',
      'How many keys the secret holds.',
      object => Object.keys(object.data ?? {}).length,
    ),
    ageColumn,
  ],
})

/** stringData is only for writing: its texts become data and it is not kept. */
function encodeStringData(draft: Secret): void {
  for (const [key, text] of Object.entries(draft.stringData ?? {})) {
    draft.data ??= {}
    draft.data[key] = base64(text)
  }
  delete draft.stringData
}

function base64(text: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}
