import { actions } from '../framework/cluster-event.ts'
import type { Plugin } from '../framework/plugin.ts'
import { unresolvable } from '../framework/status.ts'

const NAME = 'SchedulingGates'

/** Keeps pods out of the queue while they have gates. */
export function schedulingGates(): Plugin {
  return {
    name: NAME,
    preEnqueue({ pod: { spec } }) {
      const gates = spec.schedulingGates ?? []
      if (gates.length === 0) return undefined
      const names = gates.map(({ name }) => name).join(' ')
      return unresolvable(NAME, `waiting for scheduling gates: [${names}]`)
    },
    events: () => [
      {
        resource: 'UnscheduledPod',
        action: actions.updatePodSchedulingGatesEliminated,
        hint: ({ uid }, { next }) => next?.metadata.uid === uid,
      },
    ],
  }
}
