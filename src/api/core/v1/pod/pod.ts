import { defineKind } from '../../../machinery/kind.ts'
import { podColumns, podRowConditions } from './columns.ts'
import { defaultPod } from './defaults.ts'
import { type Pod, podShape } from './schema.ts'
import {
  podFieldSelectors,
  podGracePeriodSeconds,
  preparePodForCreate,
  preparePodForStatusUpdate,
  preparePodForUpdate,
} from './update.ts'
import { validatePodStatusUpdate } from './validation.status.ts'
import { validatePod, validatePodCreate } from './validation.ts'
import { validatePodUpdate } from './validation.update.ts'
import { podStatusWarnings } from './warnings.status.ts'
import { newPodWarnings } from './warnings.ts'

export type * from './schema.affinity.ts'
export type * from './schema.container.ts'
export type * from './schema.environment.ts'
export type * from './schema.probes.ts'
export type * from './schema.resources.ts'
export type * from './schema.security.ts'
export type * from './schema.status.container.ts'
export type * from './schema.status.ts'
export type * from './schema.ts'
export type * from './schema.volumes.projected.ts'
export type * from './schema.volumes.ts'

export const pod = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  scope: 'Namespaced',
  returnsDeleted: true,
  shape: podShape,
  judgesChangesFirst: 'ofMetadata',
  hasGeneration: true,
  defaults: defaultPod,
  prepareForCreate: preparePodForCreate,
  prepareForUpdate: preparePodForUpdate,
  prepareForStatusUpdate: preparePodForStatusUpdate,
  gracePeriodSeconds: podGracePeriodSeconds,
  fieldSelectors: podFieldSelectors,
  validate: validatePod,
  validateCreate: validatePodCreate,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  // Hardly anybody updates a pod by hand.
  warnings: (object, previous) => (previous ? [] : newPodWarnings(object)),
  statusWarnings: podStatusWarnings,
  columns: podColumns,
  rowConditions: podRowConditions,
  subresources: {
    status: true,
    special: [
      {
        name: 'attach',
        group: '',
        version: 'v1',
        kind: 'PodAttachOptions',
        verbs: ['create', 'get'],
      },
      { name: 'binding', group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
      {
        name: 'ephemeralcontainers',
        group: '',
        version: 'v1',
        kind: 'Pod',
        verbs: ['get', 'patch', 'update'],
      },
      { name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
      { name: 'exec', group: '', version: 'v1', kind: 'PodExecOptions', verbs: ['create', 'get'] },
      { name: 'log', group: '', version: 'v1', kind: 'Pod', verbs: ['get'] },
      {
        name: 'portforward',
        group: '',
        version: 'v1',
        kind: 'PodPortForwardOptions',
        verbs: ['create', 'get'],
      },
      {
        name: 'proxy',
        group: '',
        version: 'v1',
        kind: 'PodProxyOptions',
        verbs: ['create', 'delete', 'get', 'patch', 'update'],
      },
      {
        name: 'resize',
        group: '',
        version: 'v1',
        kind: 'Pod',
        verbs: ['get', 'patch', 'update'],
      },
    ],
  },
})
