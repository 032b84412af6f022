/** What scenes are made of: configurations of webhooks, and what both servers are asked while they are at work. */
import type { Asked } from '../pair.ts'
import type { Configuration, Hook } from './hooked.ts'
import type { Behaviour } from './server.ts'

export interface Scene {
  /** What is there before the webhooks are. */
  readonly before?: readonly Asked[]
  readonly configurations: readonly Configuration[]
  /** By name, besides the usual ones. */
  readonly behaviours?: Readonly<Record<string, Behaviour>>
  readonly asks: readonly Asked[]
}

type More = Partial<Pick<Asked, 'differs' | 'headers'>>

export const post = (path: string, body: object, more: More = {}): Asked => ({
  method: 'POST',
  path,
  body,
  ...more,
})
export const put = (path: string, body: object, more: More = {}): Asked => ({
  method: 'PUT',
  path,
  body,
  ...more,
})
export const del = (path: string, body?: object): Asked => ({
  method: 'DELETE',
  path,
  ...(body && { body }),
})
export const get = (path: string, more: More = {}): Asked => ({ method: 'GET', path, ...more })

const patchAs =
  (type: string) =>
  (path: string, body: unknown, more: More = {}): Asked => ({
    method: 'PATCH',
    path,
    body: body as object,
    ...more,
    headers: { 'content-type': type },
  })
export const jsonPatch = patchAs('application/json-patch+json')
export const mergePatch = patchAs('application/merge-patch+json')
export const strategicPatch = patchAs('application/strategic-merge-patch+json')
export const apply = patchAs('application/apply-patch+yaml')

export const differing = (asked: Asked, differs: string): Asked => ({ ...asked, differs })

export const IN_DEFAULT = '/api/v1/namespaces/default'
export const MAPS = `${IN_DEFAULT}/configmaps`
export const PODS = `${IN_DEFAULT}/pods`
export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'

const containers = [{ name: 'c', image: 'i' }]
export const named = (name: string, labels?: object) => ({
  metadata: { name, ...(labels && { labels }) },
})
export const pod = (name: string, labels?: object) => ({
  ...named(name, labels),
  spec: { containers, automountServiceAccountToken: false },
})
export const deployment = (name: string, labels?: object) => ({
  ...named(name, labels),
  spec: {
    replicas: 1,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers } },
  },
})
export const autoscaler = (version: string, name: string) => ({
  apiVersion: `autoscaling/${version}`,
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
})

const subresources = {
  status: {},
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
}
const size = { replicas: { type: 'integer' } }
const schema = {
  openAPIV3Schema: {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { ...size, kind: { type: 'string', default: 'small' } } },
      status: { type: 'object', properties: size },
    },
  },
}

/** A definition of things in two versions. */
export const DEFINITION = post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
  metadata: { name: 'things.hooks.example.com' },
  spec: {
    group: 'hooks.example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: ['v1', 'v2'].map(name => ({
      name,
      served: true,
      storage: name === 'v1',
      subresources,
      schema,
    })),
  },
})
export const things = (version: string) =>
  `/apis/hooks.example.com/${version}/namespaces/default/things`
export const thing = (version: string, name: string, more: object = {}) => ({
  apiVersion: `hooks.example.com/${version}`,
  kind: 'Thing',
  metadata: { name },
  spec: { replicas: 1 },
  ...more,
})

export const rule = (
  resources: readonly string[],
  more: object = {},
): Readonly<Record<string, unknown>> => ({
  operations: ['*'],
  apiGroups: ['*'],
  apiVersions: ['*'],
  resources,
  ...more,
})

/** Each under its name, which is what it does, too. */
export const hooks = (all: Readonly<Record<string, object>>): readonly Hook[] =>
  Object.entries(all).map(([does, more]) => ({ does, name: `${does}.hooks.io`, ...more }))
export const validating = (name: string, webhooks: readonly Hook[]): Configuration => ({
  kind: 'Validating',
  name,
  webhooks,
})
export const mutating = (name: string, webhooks: readonly Hook[]): Configuration => ({
  kind: 'Mutating',
  name,
  webhooks,
})
