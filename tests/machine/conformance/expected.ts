/** Tests that fail for what the harness or the machine is, not for what Proa does. Each has its reason, and leaves this list when it passes. */
import type { Nodes } from './options.ts'

export interface ExpectedFailure {
  /** The whole name, as the scorecard prints it. */
  readonly name: string
  /** On which nodes; on all without it. */
  readonly on?: Nodes
  readonly reason: string
}

const expected: readonly ExpectedFailure[] = [
  {
    name: '[sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]',
    on: 'containerd',
    reason: 'there is one node of containers',
  },
]

export const expectedFailures = (nodes: Nodes): readonly ExpectedFailure[] =>
  expected.filter(({ on }) => on === undefined || on === nodes)
