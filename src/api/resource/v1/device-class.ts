import { prepareExpressions } from '../../cel/expressions.ts'
import { ageColumn, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { subdomainOfAnyPrefix } from '../../machinery/names.ts'
import { type DeviceClass, deviceClassShape } from './device-class.schema.ts'
import { validateClass } from './device-class.validation.ts'

export type { DeviceClass }

export const deviceClass = defineKind<DeviceClass>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
  nameRule: subdomainOfAnyPrefix,
  returnsDeleted: true,
  shape: deviceClassShape,
  takesAnyPrefix: true,
  hasGeneration: true,
  prepareWrites: prepareExpressions,
  validateCreate: object => validateClass(object),
  validateUpdate: validateClass,
  columns: [nameColumn, ageColumn],
})
