import { immutable, wrong } from '../../core/v1/validation.ts'
import { column, nameColumn } from '../../machinery/columns.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { isDns1123Subdomain } from '../../machinery/names.ts'
import { shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { validateSignerName } from '../v1/signer-name.ts'

export const clusterTrustBundleSpec = shape(
  'io.k8s.api.certificates.v1beta1.ClusterTrustBundleSpec',
  'The trusted certificates, and whose they are.',
  {
    signerName: string(1).doc('The signer whose certificates these verify, if it is one signer.'),
    trustBundle: string(2)
      .required()
      .doc('Certificates of authorities in PEM, each once; their order means nothing.'),
  },
)
export type ClusterTrustBundleSpec = ValueOfShape<typeof clusterTrustBundleSpec>

export const clusterTrustBundleShape = objectShape(
  'io.k8s.api.certificates.v1beta1.ClusterTrustBundle',
  'Certificates of authorities that pods may trust.',
  {
    spec: struct(2, clusterTrustBundleSpec)
      .required()
      .doc('The trusted certificates, and whose they are.'),
  },
)
export type ClusterTrustBundle = ObjectOfShape<typeof clusterTrustBundleShape>

export const clusterTrustBundle = defineKind<ClusterTrustBundle>({
  group: 'certificates.k8s.io',
  version: 'v1beta1',
  kind: 'ClusterTrustBundle',
  plural: 'clustertrustbundles',
  scope: 'Cluster',
  // Names with a colon belong to a signer; see below.
  nameRule: 'pathSegment',
  shape: clusterTrustBundleShape,
  validate: ({ spec }) =>
    spec.signerName ? validateSignerName('spec.signerName', spec.signerName) : [],
  validateCreate: validateName,
  validateUpdate: (next, previous) =>
    immutable('spec.signerName', next.spec.signerName, previous.spec.signerName),
  fieldSelectors: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  columns: [
    nameColumn,
    column('SignerName', 'The signer, if it is one.', ({ spec }) => spec.signerName || '<none>'),
  ],
})

/** Bundles of `example.com/serving` are called `example.com:serving:…`, so that rights can be given by name. */
function validateName({ metadata, spec }: ClusterTrustBundle): readonly FieldError[] {
  const { name = '' } = metadata
  const { signerName = '' } = spec
  if (signerName === '') {
    const colon = 'ClusterTrustBundle without signer name must not have ":" in its name'
    return wrong('metadata.name', name, name.includes(':') ? [colon] : isDns1123Subdomain(name))
  }
  const prefix = `${signerName.replaceAll('/', ':')}:`
  const rule = `ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`
  return wrong(
    'metadata.name',
    name,
    name.startsWith(prefix) ? isDns1123Subdomain(name.slice(prefix.length)) : [rule],
  )
}
