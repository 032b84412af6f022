import { defaultPodTemplate } from '../../core/v1/pod/defaults.ts'
import { sameValue } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { goQuote } from '../../machinery/go-quote.ts'
import { type Column, defineKind } from '../../machinery/kind.ts'
import type { ObjectMeta } from '../../machinery/metadata.ts'
import { badRequest } from '../../machinery/status.ts'
import { workloadColumns } from './columns.ts'
import { type DaemonSet, type DaemonSetStatus, daemonSetShape } from './daemon-set.schema.ts'
import {
  validateDaemonSet,
  validateDaemonSetStatus,
  validateDaemonSetUpdate,
} from './daemon-set.validation.ts'
import { templateWarnings } from './warnings.ts'

export type * from './daemon-set.schema.ts'

export const daemonSet = defineKind<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  scope: 'Namespaced',
  takesAnyPrefix: true,
  judgesChangesFirst: true,
  shape: daemonSetShape,
  hasGeneration: true,
  defaults: defaultDaemonSet,
  prepareForCreate: draft => {
    draft.status = noStatus()
    const count = templateGenerationOf(draft)
    setTemplateGeneration(draft, count > 1n ? count : 1n)
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
    const isSame = sameValue(draft.spec.template, previous.spec.template)
    setTemplateGeneration(draft, templateGenerationOf(previous) + (isSame ? 0n : 1n))
  },
  prepareForStatusUpdate: (draft, previous) =>
    setTemplateGeneration(draft, templateGenerationOf(previous)),
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validateStatusUpdate: validateDaemonSetStatus,
  warnings: templateWarnings,
  columns: [
    nameColumn,
    count('Desired', 'How many nodes are meant to run the pod.', 'desiredNumberScheduled'),
    count('Current', 'How many of them run it.', 'currentNumberScheduled'),
    count('Ready', 'On how many nodes a pod is ready.', 'numberReady'),
    count('Up-to-date', 'On how many it has the newest template.', 'updatedNumberScheduled'),
    count('Available', 'On how many it has been ready long enough.', 'numberAvailable'),
    column('Node Selector', 'Labels of the nodes that are meant.', nodeSelectorOf),
    ageColumn,
    ...workloadColumns,
  ],
  metadataAlone: withoutTemplateGeneration,
  subresources: { status: true },
})

const REVISION_HISTORY_LIMIT = 10

function defaultDaemonSet(draft: DaemonSet): void {
  const { spec } = draft
  checkTemplateGeneration(draft)
  // It is as a field of the object, which has a value before anybody sets one.
  setTemplateGeneration(draft, templateGenerationOf(draft))
  const { updateStrategy } = spec
  updateStrategy.type ||= 'RollingUpdate'
  if (updateStrategy.type === 'RollingUpdate') {
    updateStrategy.rollingUpdate ??= {}
    updateStrategy.rollingUpdate.maxUnavailable ??= 1
    updateStrategy.rollingUpdate.maxSurge ??= 0
  }
  spec.revisionHistoryLimit ??= REVISION_HISTORY_LIMIT
  defaultPodTemplate(spec.template)
}

function noStatus(): DaemonSetStatus {
  return {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  }
}

/** The first versions of the API counted templates in a field; since then the count lives on in this annotation. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'
/** Of 64 bits. */
const WHOLE_NUMBER = /^[+-]?\d{1,30}$/

/** A body in which it is no number is as one in which a field is of another type. */
function checkTemplateGeneration({ metadata }: DaemonSet): void {
  const count = metadata.annotations?.[TEMPLATE_GENERATION]
  if (count === undefined) return
  const isNumber = WHOLE_NUMBER.test(count)
  if (isNumber && BigInt.asIntN(64, BigInt(count)) === BigInt(count)) return
  const why = isNumber ? 'value out of range' : 'invalid syntax'
  throw badRequest(
    `DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing ${goQuote(count)}: ${why}`,
  )
}

function templateGenerationOf({ metadata }: DaemonSet): bigint {
  const count = metadata.annotations?.[TEMPLATE_GENERATION] ?? ''
  return WHOLE_NUMBER.test(count) ? BigInt(count) : 0n
}

function setTemplateGeneration({ metadata }: DaemonSet, count: bigint): void {
  const annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(count) }
  // In the order in which maps are read from protobuf, so that an object is the same bytes whichever way it came.
  metadata.annotations = Object.fromEntries(
    Object.entries(annotations).sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** Metadata alone are shown without it, as of the field that it is. */
function withoutTemplateGeneration(metadata: ObjectMeta): ObjectMeta {
  const { annotations, ...rest } = metadata
  if (annotations?.[TEMPLATE_GENERATION] === undefined) return metadata
  const { [TEMPLATE_GENERATION]: _, ...kept } = annotations
  return Object.keys(kept).length > 0 ? { ...rest, annotations: kept } : rest
}

type Count = Exclude<keyof DaemonSetStatus, 'conditions'>

function count(name: string, description: string, field: Count): Column<DaemonSet> {
  return column(name, description, ({ status }) => Number(status[field] ?? 0), { type: 'integer' })
}

function nodeSelectorOf({ spec }: DaemonSet): string {
  const labels = Object.entries(spec.template.spec.nodeSelector ?? {})
  const texts = labels.map(([key, value]) => `${key}=${value}`).sort()
  return texts.join(',') || '<none>'
}
