import { immutable } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { isConfigMapKey } from '../../machinery/names.ts'
import { microTime, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { validateLeaseCandidate } from './lease-candidate.validation.ts'

export const leaseCandidateSpec = shape(
  'io.k8s.api.coordination.v1beta1.LeaseCandidateSpec',
  'Who would hold which lease.',
  {
    leaseName: string(1).required().doc('The lease in the same namespace; never changes.'),
    pingTime: microTime(2)
      .optional()
      .doc('When the candidate was last asked whether it still stands; then it renews.'),
    renewTime: microTime(3).optional().doc('When the candidate last said that it stands.'),
    binaryVersion: string(4).required().doc('The version of its program.'),
    emulationVersion: string(5).doc('The version that it behaves as; at most binaryVersion.'),
    strategy: string(6)
      .required()
      .mayBeAbsent()
      .doc('How the holder should be chosen, such as OldestEmulationVersion.'),
  },
)
export type LeaseCandidateSpec = ValueOfShape<typeof leaseCandidateSpec>

export const leaseCandidateShape = objectShape(
  'io.k8s.api.coordination.v1beta1.LeaseCandidate',
  'Stands for election to hold a lease.',
  {
    spec: struct(2, leaseCandidateSpec).required().doc('Who would hold which lease.'),
  },
)
export type LeaseCandidate = ObjectOfShape<typeof leaseCandidateShape>

export const leaseCandidate = defineKind<LeaseCandidate>({
  group: 'coordination.k8s.io',
  version: 'v1beta1',
  kind: 'LeaseCandidate',
  plural: 'leasecandidates',
  deprecation:
    'coordination.k8s.io/v1beta1 LeaseCandidate is deprecated in v1.36+, unavailable in v1.39+',
  scope: 'Namespaced',
  // Names are those of keys in ConfigMaps, which are wider than usual.
  nameRule: isConfigMapKey,
  takesAnyPrefix: true,
  shape: leaseCandidateShape,
  validate: validateLeaseCandidate,
  validateUpdate: (next, previous) =>
    immutable('spec.leaseName', next.spec.leaseName, previous.spec.leaseName),
  columns: [
    nameColumn,
    column('LeaseName', 'The lease.', ({ spec }) => spec.leaseName),
    column('BinaryVersion', 'The version of its program.', ({ spec }) => spec.binaryVersion),
    column(
      'EmulationVersion',
      'The version that it behaves as.',
      ({ spec }) => spec.emulationVersion ?? '',
    ),
    ageColumn,
  ],
})
