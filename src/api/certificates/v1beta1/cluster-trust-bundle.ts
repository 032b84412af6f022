import { immutable } from '../../core/v1/validation.ts'
import { column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { isDns1123Subdomain, maskedPrefix } from '../../machinery/names.ts'
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
  nameRule: wrongName,
  shape: clusterTrustBundleShape,
  validate: ({ spec }) =>
    spec.signerName ? validateSignerName('spec.signerName', spec.signerName) : [],
  validateUpdate: (next, previous) =>
    immutable('spec.signerName', next.spec.signerName, previous.spec.signerName),
  fieldSelectors: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  columns: [
    nameColumn,
    column('SignerName', 'The signer, if it is one.', ({ spec }) => spec.signerName || '<none>'),
  ],
})

/** Bundles of `example.com/serving` are called `example.com:serving:…`, so that rights can be given by name. */
function wrongName(
  name: string,
  { spec: { signerName = '' } }: ClusterTrustBundle,
  isPrefix: boolean,
): readonly string[] {
  const wrongRest = (text: string) => isDns1123Subdomain(isPrefix ? maskedPrefix(text) : text)
  if (signerName === '')
    return name.includes(':')
      ? ['ClusterTrustBundle without signer name must not have ":" in its name']
      : wrongRest(name)
  const prefix = `${signerName.replaceAll('/', ':')}:`
  return name.startsWith(prefix)
    ? wrongRest(name.slice(prefix.length))
    : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`]
}
