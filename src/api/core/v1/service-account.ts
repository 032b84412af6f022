import { ageColumn, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, list, struct } from '../../machinery/schema.ts'
import { localObjectReference, objectReference } from './references.ts'

export const serviceAccountShape = objectShape(
  'io.k8s.api.core.v1.ServiceAccount',
  'The identity under which pods talk to the API.',
  {
    secrets: list(2, struct(undefined, objectReference))
      .listMap('name')
      .mergeKey('name')
      .doc('Secrets that its pods may use.'),
    imagePullSecrets: list(3, localObjectReference)
      .atomic()
      .doc('Secrets for pulling images, taken over by pods that name none.'),
    automountServiceAccountToken: boolean(4)
      .optional()
      .doc('Whether pods get a token of it mounted; a pod may say otherwise.'),
  },
)
export type ServiceAccount = ObjectOfShape<typeof serviceAccountShape>

const ENFORCE_MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets'

export const serviceAccount = defineKind<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  scope: 'Namespaced',
  returnsDeleted: true,
  shape: serviceAccountShape,
  judgesChangesFirst: 'ofMetadata',
  subresources: {
    special: [
      {
        name: 'token',
        group: 'authentication.k8s.io',
        version: 'v1',
        kind: 'TokenRequest',
        verbs: ['create'],
      },
    ],
  },
  prepareForCreate: keepNames,
  prepareForUpdate: keepNames,
  warnings: ({ metadata }) =>
    metadata.annotations?.[ENFORCE_MOUNTABLE] === undefined
      ? []
      : [
          `metadata.annotations[${ENFORCE_MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
        ],
  columns: [nameColumn, ageColumn],
})

/** A secret is one of the same namespace, so whatever else is said of it is forgotten. */
function keepNames(draft: ServiceAccount): void {
  if (draft.secrets) draft.secrets = draft.secrets.map(({ name }) => (name ? { name } : {}))
}
