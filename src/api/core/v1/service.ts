import { defineKind } from '../../machinery/kind.ts'
import { type Service, serviceShape } from './service.schema.ts'

export type * from './service.schema.ts'

export const service = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  scope: 'Namespaced',
  shape: serviceShape,
  nameRule: 'dns1035Label',
  subresources: { status: true },
})
