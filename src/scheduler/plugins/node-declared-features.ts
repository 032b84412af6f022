import type { Node } from '#api/core/v1/node.ts'
import { neededFeatures, undeclaredFeatures } from '#api/core/v1/node-features.ts'
import { actions } from '../framework/cluster-event.ts'
import type { Plugin } from '../framework/plugin.ts'
import { SKIP, unresolvable } from '../framework/status.ts'

const NAME = 'NodeDeclaredFeatures'
const REFUSAL = unresolvable(NAME, "node(s) didn't match Pod's required features")

/** Keeps pods off nodes whose kubelet does not say that it can do what they need. */
export function nodeDeclaredFeatures(): Plugin {
  return {
    name: NAME,
    sign: ({ pod }) => neededFeatures(pod.spec).join(),
    preFilter: (_cycle, { pod }) =>
      neededFeatures(pod.spec).length === 0 ? { status: SKIP } : undefined,
    filter: (_cycle, { pod }, { node }) =>
      node && undeclaredFeatures(neededFeatures(pod.spec), node).length > 0 ? REFUSAL : undefined,
    // What a pod needs cannot change: rules for restarts are set when it is made.
    events: () => [
      {
        resource: 'Node',
        action: actions.add | actions.updateNodeDeclaredFeature,
        hint: ({ pod }, { next }) =>
          undeclaredFeatures(neededFeatures(pod.spec), next as Node).length === 0,
      },
    ],
  }
}
