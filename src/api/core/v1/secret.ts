import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, bytes, map, string } from '../../machinery/schema.ts'

export const secretShape = objectShape('io.k8s.api.core.v1.Secret', 'core.Secret', {
  immutable: boolean(5).optional().doc('core.Secret.immutable'),
  data: map(2, bytes()).doc('core.Secret.data'),
  stringData: map(4, string()).doc('core.Secret.stringData'),
  type: string(3).doc('core.Secret.type'),
})
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
