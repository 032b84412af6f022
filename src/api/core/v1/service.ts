import { defineKind } from '../../machinery/kind.ts'
import { serviceColumns } from './service.columns.ts'
import { defaultService } from './service.defaults.ts'
import { type Service, serviceShape } from './service.schema.ts'
import { prepareServiceForCreate, prepareServiceForUpdate } from './service.update.ts'
import {
  validateService,
  validateServiceStatus,
  validateServiceUpdate,
} from './service.validation.ts'
import { serviceWarnings } from './service.warnings.ts'

export type * from './service.schema.ts'

export const service = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  scope: 'Namespaced',
  returnsDeleted: true,
  // Since 1.36 as other labels of DNS: a digit may come first.
  nameRule: 'dns1123Label',
  shape: serviceShape,
  subresources: {
    status: true,
    special: [
      {
        name: 'proxy',
        group: '',
        version: 'v1',
        kind: 'ServiceProxyOptions',
        verbs: ['create', 'delete', 'get', 'patch', 'update'],
      },
    ],
  },
  defaults: defaultService,
  statusDefaultsNeedSpec: true,
  prepareForCreate: prepareServiceForCreate,
  prepareForUpdate: prepareServiceForUpdate,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  judgesChangesFirst: true,
  takesAnyPrefix: true,
  validateStatusUpdate: validateServiceStatus,
  warnings: serviceWarnings,
  fieldSelectors: {
    'spec.clusterIP': object => object.spec.clusterIP ?? '',
    'spec.type': object => object.spec.type ?? '',
  },
  columns: serviceColumns,
})
