/** Where volumes may be made, by labels of nodes. */
import { list, shape, string, type ValueOfShape } from '../../machinery/schema.ts'

export const topologySelectorLabelRequirement = shape(
  'io.k8s.api.core.v1.TopologySelectorLabelRequirement',
  'One label, and the values that are fine.',
  {
    key: string(1).required().doc('The label that is looked at.'),
    values: list(2, string()).required().atomic().doc('One of these values is needed.'),
  },
)
export type TopologySelectorLabelRequirement = ValueOfShape<typeof topologySelectorLabelRequirement>

export const topologySelectorTerm = shape(
  'io.k8s.api.core.v1.TopologySelectorTerm',
  'A place, as labels that all must hold.',
  {
    matchLabelExpressions: list(1, topologySelectorLabelRequirement)
      .atomic()
      .doc('The labels; all of them are needed.'),
  },
  { atomic: true },
)
export type TopologySelectorTerm = ValueOfShape<typeof topologySelectorTerm>
