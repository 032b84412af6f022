/** The objects of the load, as the API knows them: ConfigMaps of one namespace whose names begin alike. */
import type { Held } from '../../../src/simulation/checkers/checkers.ts'

export const NAMESPACE = 'default'
export const PATH = `/api/v1/namespaces/${NAMESPACE}/configmaps`
export const GROUPS = ['odd', 'even'] as const

export interface StoredMap {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly data?: Readonly<Record<string, string>>
}

export const heldOf = ({ metadata, data = {} }: StoredMap): Held => ({
  name: metadata.name,
  uid: metadata.uid,
  revision: Number(metadata.resourceVersion),
  data,
  group: metadata.labels?.group ?? '',
})

export const bodyOf = (name: string, group: string, data: Held['data'], expected?: number) => ({
  metadata: {
    name,
    labels: { group },
    ...(expected === undefined ? {} : { resourceVersion: String(expected) }),
  },
  data,
})
