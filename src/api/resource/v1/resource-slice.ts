import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { defaultDevice } from './defaults.ts'
import type { Device } from './devices.schema.ts'
import { type ResourceSlice, resourceSliceShape } from './resource-slice.schema.ts'
import { validateSlice, validateSliceUpdate } from './resource-slice.validation.ts'

export type { ResourceSlice }

export const resourceSlice = defineKind<ResourceSlice>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  returnsDeleted: true,
  shape: resourceSliceShape,
  takesAnyPrefix: true,
  hasGeneration: true,
  defaults: draft => draft.spec.devices?.forEach(defaultDevice),
  prepareForCreate: draft => dropUnservedFields(draft),
  prepareForUpdate: dropUnservedFields,
  validateCreate: validateSlice,
  validateUpdate: validateSliceUpdate,
  warnings: ({ spec: { driver } }) =>
    driver === driver.toLowerCase()
      ? []
      : [
          `spec.driver: driver names should be lowercase; ${JSON.stringify(driver)} contains uppercase characters`,
        ],
  fieldSelectors: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.driver': ({ spec }) => spec.driver,
  },
  columns: [
    nameColumn,
    column('Node', 'The one node that has the devices.', ({ spec }) => spec.nodeName ?? ''),
    column('Driver', 'The driver that publishes them.', ({ spec }) => spec.driver),
    column('Pool', 'The pool that they are in.', ({ spec }) => spec.pool.name),
    ageColumn,
  ],
})

const LISTS = ['ints', 'bools', 'strings', 'versions'] as const

/** Alpha features (lists of values, resources of nodes) are off in v1.36: their fields stay only where they are in use. */
function dropUnservedFields(draft: ResourceSlice, previous?: ResourceSlice): void {
  const before = previous?.spec.devices ?? []
  const keepsLists = before.some(hasLists)
  const keepsMappings = before.some(device => device.nodeAllocatableResourceMappings)
  for (const device of draft.spec.devices ?? []) {
    if (!keepsMappings) delete device.nodeAllocatableResourceMappings
    if (keepsLists) continue
    for (const attribute of Object.values(device.attributes ?? {}))
      for (const list of LISTS) delete attribute[list]
  }
}

const hasLists = ({ attributes = {} }: Device) =>
  Object.values(attributes).some(attribute => LISTS.some(list => attribute[list]))
