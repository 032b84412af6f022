import { convertedVersion } from '../../machinery/other-version.ts'
import {
  type ResourceClaimTemplate as Stored,
  resourceClaimTemplate as stable,
} from '../v1/resource-claim-template.ts'
import { templateFromStored, templateToStored } from './conversion.ts'
import { defaultFlatRequests } from './defaults.ts'
import { type ResourceClaimTemplate, resourceClaimTemplateShape } from './schema.ts'

export const resourceClaimTemplate = convertedVersion<ResourceClaimTemplate, Stored>(stable, {
  version: 'v1beta1',
  deprecation:
    'resource.k8s.io/v1beta1 ResourceClaimTemplate is deprecated in v1.35+, unavailable in v1.38+',
  shape: resourceClaimTemplateShape,
  defaults: draft => defaultFlatRequests(draft.spec.spec.devices.requests),
  toStored: templateToStored,
  fromStored: templateFromStored,
})
