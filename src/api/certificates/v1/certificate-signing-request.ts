import { ageColumn, column, humanDuration, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import {
  type CertificateSigningRequest,
  certificateSigningRequestShape,
} from './certificate-signing-request.schema.ts'
import {
  validateSigningRequest,
  validateSigningStatus,
} from './certificate-signing-request.validation.ts'

export type * from './certificate-signing-request.schema.ts'

const GROUP = 'certificates.k8s.io'

export const certificateSigningRequest = defineKind<CertificateSigningRequest>({
  group: GROUP,
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  scope: 'Cluster',
  // Upstream takes every name that fits into a path.
  nameRule: () => [],
  shape: certificateSigningRequestShape,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.spec = previous.spec
    draft.status = previous.status
  },
  prepareForStatusUpdate: keepApprovals,
  validate: validateSigningRequest,
  validateStatusUpdate: validateSigningStatus,
  fieldSelectors: { 'spec.signerName': ({ spec }) => spec.signerName },
  subresources: {
    status: true,
    special: [
      {
        name: 'approval',
        group: GROUP,
        version: 'v1',
        kind: 'CertificateSigningRequest',
        verbs: ['get', 'patch', 'update'],
      },
    ],
  },
  columns: [
    nameColumn,
    ageColumn,
    column('SignerName', 'Who is to sign.', ({ spec }) => spec.signerName || '<none>'),
    column('Requestor', 'The user who asks.', ({ spec }) => spec.username ?? ''),
    column('RequestedDuration', 'How long it should be good.', ({ spec }) =>
      spec.expirationSeconds === undefined
        ? '<none>'
        : humanDuration(spec.expirationSeconds * 1000),
    ),
    column('Condition', 'What became of it.', stateOf),
  ],
})

/** A signer may send approvals and denials as they are, but what it sends of them never counts. */
function keepApprovals(
  draft: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): void {
  const { conditions = [] } = draft.status
  for (const type of ['Approved', 'Denied']) {
    const kept = (previous.status.conditions ?? []).filter(condition => condition.type === type)
    const places = conditions.flatMap((condition, place) =>
      condition.type === type ? [place] : [],
    )
    if (kept.length !== places.length) continue
    for (const [index, place] of places.entries()) conditions[place] = { ...kept[index] } as never
  }
}

function stateOf({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status.conditions?.some(condition => condition.type === type)
  const decided = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return `${decided}${has('Failed') ? ',Failed' : ''}${status.certificate ? ',Issued' : ''}`
}
