import { actions } from '../framework/cluster-event.ts'
import type { Plugin } from '../framework/plugin.ts'
import { unresolvable } from '../framework/status.ts'

const NAME = 'NodeName'
const REFUSAL = unresolvable(NAME, "node(s) didn't match the requested node name")

/** A pod that names its node fits nowhere else. */
export function nodeName(): Plugin {
  return {
    name: NAME,
    sign: ({ pod }) => pod.spec.nodeName ?? '',
    filter(_cycle, { pod }, { name }) {
      const { nodeName } = pod.spec
      return !nodeName || nodeName === name ? undefined : REFUSAL
    },
    events: () => [{ resource: 'Node', action: actions.add }],
  }
}
