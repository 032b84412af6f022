import {
  claimSpecWarnings,
  type PersistentVolumeClaim,
} from '../../core/v1/persistent-volume-claim.ts'
import { defaultPodTemplate } from '../../core/v1/pod/defaults.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import { containerColumns } from './columns.ts'
import { type StatefulSet, statefulSetShape } from './stateful-set.schema.ts'
import {
  validateStatefulSetCreate,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from './stateful-set.validation.ts'
import { isOtherSpec, templateWarnings } from './warnings.ts'

export type * from './stateful-set.schema.ts'

export const statefulSet = defineKind<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  scope: 'Namespaced',
  takesAnyPrefix: true,
  shape: statefulSetShape,
  hasGeneration: true,
  // The names of its pods are host names.
  nameRule: 'dns1123Label',
  defaults: defaultStatefulSet,
  prepareForCreate: draft => {
    draft.status = { replicas: 0, availableReplicas: 0 }
    withoutMaxUnavailable(draft)
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
    if (previous.spec.updateStrategy.rollingUpdate?.maxUnavailable === undefined)
      withoutMaxUnavailable(draft)
  },
  validateCreate: validateStatefulSetCreate,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatus,
  warnings: statefulSetWarnings,
  columns: [
    nameColumn,
    column(
      'Ready',
      'How many pods are ready, of how many.',
      ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec.template),
  ],
  subresources: {
    status: true,
    scale: {
      specReplicas: object => object.spec.replicas ?? 0,
      statusReplicas: object => object.status.replicas,
      selector: object => labelMatcherOf(object.spec.selector).toString(),
      withReplicas: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
    },
  },
})

const REVISION_HISTORY_LIMIT = 10

/** Upstream's gate MaxUnavailableStatefulSet is off in v1.36: the field stays only where it is in use already. */
function withoutMaxUnavailable({ spec }: StatefulSet): void {
  if (spec.updateStrategy.rollingUpdate) delete spec.updateStrategy.rollingUpdate.maxUnavailable
}

function defaultStatefulSet({ spec }: StatefulSet): void {
  const { updateStrategy } = spec
  spec.podManagementPolicy ||= 'OrderedReady'
  if (!updateStrategy.type) {
    updateStrategy.type = 'RollingUpdate'
    updateStrategy.rollingUpdate ??= {}
  }
  if (updateStrategy.type === 'RollingUpdate' && updateStrategy.rollingUpdate) {
    updateStrategy.rollingUpdate.partition ??= 0
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {}
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= REVISION_HISTORY_LIMIT
  defaultPodTemplate(spec.template)
  for (const claim of spec.volumeClaimTemplates ?? []) defaultClaim(claim)
}

/** A whole object in the place of a template, so it says its kind and, oddly, has a status. */
function defaultClaim(claim: PersistentVolumeClaim): void {
  claim.apiVersion = 'v1'
  claim.kind = 'PersistentVolumeClaim'
  claim.status.phase ||= 'Pending'
}

function statefulSetWarnings(
  object: StatefulSet,
  previous: StatefulSet | undefined,
): readonly string[] {
  if (!isOtherSpec(object, previous)) return []
  const { volumeClaimTemplates = [], revisionHistoryLimit = 0 } = object.spec
  // Upstream writes the path of updates otherwise than that of creates.
  const part = previous ? '.Spec' : ''
  return [
    ...templateWarnings(object, previous),
    ...volumeClaimTemplates.flatMap(({ spec }, index) =>
      claimSpecWarnings(`spec.volumeClaimTemplates[${index}]${part}`, spec),
    ),
    ...(revisionHistoryLimit < 0
      ? [
          'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
        ]
      : []),
  ]
}
