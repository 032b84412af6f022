import { defineKind } from '../../machinery/kind.ts'
import { type Node, nodeShape } from './node.schema.ts'

export type * from './node.schema.status.ts'
export type * from './node.schema.ts'

export const node = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  scope: 'Cluster',
  shape: nodeShape,
  subresources: { status: true },
})
