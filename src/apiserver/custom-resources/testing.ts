/** What the tests of custom resources share: a definition and short ways to ask for its objects. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TestServer } from '../testing.ts'

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets'

// biome-ignore lint/suspicious/noExplicitAny: tests write whatever a client may send
type Any = any

export const widgetSchema: Any = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['colour'],
      properties: {
        colour: { type: 'string', enum: ['red', 'green'] },
        size: { type: 'integer', minimum: 1, default: 3 },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string', pattern: '^[a-z]+$' },
              count: { type: 'integer' },
            },
          },
        },
        extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        port: { 'x-kubernetes-int-or-string': true },
      },
    },
    status: {
      type: 'object',
      properties: { ready: { type: 'integer' }, selector: { type: 'string' } },
    },
  },
}

export const widgetVersion: Any = {
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: widgetSchema },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: '.spec.size',
      statusReplicasPath: '.status.ready',
      labelSelectorPath: '.status.selector',
    },
  },
  selectableFields: [{ jsonPath: '.spec.colour' }],
  additionalPrinterColumns: [
    { name: 'Colour', type: 'string', jsonPath: '.spec.colour' },
    { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
}

export const widgets = (spec: Any = {}): Any => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
    versions: [widgetVersion],
    ...spec,
  },
})

export const widget = (name: string, spec: Any = { colour: 'red' }, more: Any = {}): Any => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...more,
})

export const statusOf = (definition: Any, type: string): string | undefined =>
  definition.status?.conditions?.find((condition: Any) => condition.type === type)?.status

/** Asks again until it is so; what happens in this process takes a few turns of the event loop. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (await isSo()) return
    await nextTurn()
  }
  throw new Error('it never became so')
}

export async function define(server: TestServer, definition: Any): Promise<void> {
  const { status, text } = await server.ask('POST', DEFINITIONS, definition)
  if (status !== 201) throw new Error(text)
  await until(async () => {
    const { body } = await server.ask('GET', `${DEFINITIONS}/${definition.metadata.name}`)
    return statusOf(body, 'Established') === 'True'
  })
}
