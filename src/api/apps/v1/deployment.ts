import { defineKind } from '../../machinery/kind.ts'
import { type Deployment, deploymentShape } from './deployment.schema.ts'
import { labelMatcherText } from './selector-text.ts'

export type * from './deployment.schema.ts'

export const deployment = defineKind<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scope: 'Namespaced',
  shape: deploymentShape,
  hasGeneration: true,
  subresources: {
    status: true,
    scale: {
      specReplicas: object => object.spec.replicas ?? 0,
      statusReplicas: object => object.status.replicas ?? 0,
      selector: object => labelMatcherText(object.spec.selector),
      withReplicas: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
    },
  },
})
