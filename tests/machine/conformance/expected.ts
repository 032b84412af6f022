/** Tests that fail for what the harness or the machine is, not for what Proa does. Each has its reason, and leaves this list when it passes. */
import type { Nodes } from './options.ts'

export interface ExpectedFailure {
  /** The whole name, as the scorecard prints it. */
  readonly name: string
  /** On which nodes; on all without it. */
  readonly on?: Nodes
  /** With how many nodes of containers; with any number without it. */
  readonly count?: 1 | 2
  readonly reason: string
}

const expected: readonly ExpectedFailure[] = [
  {
    name: '[sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]',
    on: 'containerd',
    count: 1,
    reason: 'one node was asked for',
  },
]

export const expectedFailures = (nodes: Nodes, nodeCount: 1 | 2): readonly ExpectedFailure[] =>
  expected.filter(
    ({ on = nodes, count = nodeCount }) =>
      on === nodes && (nodes === 'hollow' || count === nodeCount),
  )
