/** Two definitions of what has a size: fleets, of which the schema lets there be three at most, and barges, which do not say what is theirs. */
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { until } from './story.ts'

export const GROUP = 'scaling.example.com'
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const MERGE = 'application/merge-patch+json'

const definition = (singular: string, kind: string, scale: object) => ({
  metadata: { name: `${singular}s.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: `${singular}s`, singular, kind, listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { replicas: { type: 'integer', maximum: 3 } } },
              status: {
                type: 'object',
                properties: { replicas: { type: 'integer' }, selector: { type: 'string' } },
              },
            },
          },
        },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            ...scale,
          },
        },
      },
    ],
  },
})

const GIVEN = [
  definition('fleet', 'Fleet', { labelSelectorPath: '.status.selector' }),
  definition('barge', 'Barge', {}),
]

/** One of each, of two, which nobody looks after. */
export async function makeCustomScales(api: ApiEnd, namespace: string): Promise<void> {
  for (const each of GIVEN) await api.want('POST', DEFINITIONS, each)
  for (const { metadata, spec } of GIVEN) {
    const path = `/apis/${GROUP}/v1/namespaces/${namespace}/${spec.names.plural}`
    await until(`${metadata.name} is served`, async () => {
      const { status } = await api.want('GET', `${DEFINITIONS}/${metadata.name}`)
      const { status: code } = await api.ask('GET', path)
      const isSo = ({ type, status }: Shown) => type === 'Established' && status === 'True'
      return code === 200 && (status?.conditions ?? []).some(isSo)
    })
    const { singular, kind } = spec.names
    const object = { apiVersion: `${GROUP}/v1`, kind, metadata: { name: singular } }
    await api.want('POST', path, { ...object, spec: { replicas: 2 } })
    const status = { replicas: 2, selector: `app=${singular}` }
    await api.want('PATCH', `${path}/${singular}/status`, { status }, MERGE)
  }
}

export async function removeCustomScales(api: ApiEnd): Promise<void> {
  for (const { metadata } of GIVEN) {
    const { status } = await api.ask('DELETE', `${DEFINITIONS}/${metadata.name}`)
    if (status !== 200 && status !== 404) throw new Error(`${metadata.name}: ${status}`)
  }
}
