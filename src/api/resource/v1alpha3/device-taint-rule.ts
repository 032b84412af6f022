/** Stored in this version: the next one came only with v1.36, and the release before must be able to read what is stored. */
import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { ageColumn, ageOf, column, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, tooMany } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition } from '../../machinery/metadata.ts'
import { shapeInVersion } from '../../machinery/other-version.ts'
import { list, shape, string, struct } from '../../machinery/schema.ts'
import { deviceTaint } from '../v1/devices.schema.ts'
import { validateDriver, validateLabelName, validatePool, validateTaint } from '../v1/validation.ts'

const deviceTaintSelector = shape(
  'io.k8s.api.resource.v1alpha3.DeviceTaintSelector',
  'Selects devices; all that is given must hold, so an empty one selects all.',
  {
    driver: string(2).optional().doc('Devices of this driver.'),
    pool: string(3).optional().doc('Devices in pools of this name, of any driver.'),
    device: string(4).optional().doc('Devices of this name, in any pool.'),
  },
)

const deviceTaintRuleSpec = shape(
  'io.k8s.api.resource.v1alpha3.DeviceTaintRuleSpec',
  'Which devices get which taint.',
  {
    deviceSelector: struct(1, deviceTaintSelector).optional().doc('The devices; none if absent.'),
    taint: struct(2, shapeInVersion(deviceTaint, 'v1alpha3'))
      .required()
      .doc('The taint that they get.'),
  },
)

const deviceTaintRuleStatus = shape(
  'io.k8s.api.resource.v1alpha3.DeviceTaintRuleStatus',
  'What a rule has brought about.',
  {
    conditions: list(1, condition)
      .listMap('type')
      .mergeKey('type')
      .doc('EvictionInProgress while pods must go, and others, at most 8.'),
  },
)

export const deviceTaintRuleShape = objectShape(
  'io.k8s.api.resource.v1alpha3.DeviceTaintRule',
  'Taints devices from outside, as if their driver had done it.',
  {
    spec: struct(2, deviceTaintRuleSpec).required().doc('Devices and taint.'),
    status: struct(3, deviceTaintRuleStatus).always().doc('What it has brought about.'),
  },
)
export type DeviceTaintRule = ObjectOfShape<typeof deviceTaintRuleShape>

const MAXIMUM_CONDITIONS = 8

export const deviceTaintRule = defineKind<DeviceTaintRule>({
  group: 'resource.k8s.io',
  version: 'v1alpha3',
  kind: 'DeviceTaintRule',
  plural: 'devicetaintrules',
  deprecation:
    'resource.k8s.io/v1alpha3 DeviceTaintRule is deprecated in v1.36+, unavailable in v1.39+',
  scope: 'Cluster',
  returnsDeleted: true,
  shape: deviceTaintRuleShape,
  takesAnyPrefix: true,
  subresources: { status: true },
  hasGeneration: true,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validateCreate: object => validateRule(object),
  validateUpdate: validateRule,
  validateStatusUpdate: validateStatus,
  columns: [
    nameColumn,
    column('Key', 'Key of the taint.', ({ spec }) => spec.taint.key),
    column('Value', 'Value of the taint.', ({ spec }) => spec.taint.value ?? ''),
    column('Effect', 'What it does to pods.', ({ spec }) => spec.taint.effect),
    column('TimeAdded', 'Time since it has that effect.', ({ spec }, now) =>
      ageOf(spec.taint.timeAdded, now),
    ),
    ageColumn,
  ],
})

function validateRule({ spec }: DeviceTaintRule, previous?: DeviceTaintRule): FieldError[] {
  const { driver, pool, device } = spec.deviceSelector ?? {}
  const path = 'spec.deviceSelector'
  return [
    ...(driver === undefined ? [] : validateDriver(`${path}.driver`, driver)),
    ...(pool === undefined ? [] : validatePool(`${path}.pool`, pool)),
    ...(device === undefined ? [] : validateLabelName(`${path}.device`, device)),
    ...validateTaint('spec.taint', spec.taint, previous?.spec.taint.effect),
  ]
}

function validateStatus({ status: { conditions = [] } }: DeviceTaintRule): FieldError[] {
  const errors = [...validateConditions('status.conditions', conditions)]
  if (conditions.length > MAXIMUM_CONDITIONS)
    errors.push(tooMany('status.conditions', conditions.length, MAXIMUM_CONDITIONS))
  return errors
}
