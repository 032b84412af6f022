import { countedReasons } from '../cycle/failure.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { refusal, type Status } from '../framework/status.ts'

const NAME = 'DefaultPreemption'
const NO_VICTIMS = refusal(NAME, 'No preemption victims found for incoming pod')
const NOT_HELPFUL = refusal(NAME, 'Preemption is not helpful for scheduling')

/** Says whether evicting pods could help. */
export function defaultPreemption(_args: unknown, { snapshot }: Handle): Plugin {
  return {
    name: NAME,
    postFilter(_cycle, _pod, { counts }) {
      const judged = new Map<Status, number>([
        [NO_VICTIMS, 0],
        [NOT_HELPFUL, 0],
      ])
      for (const [{ code }, count] of counts) {
        const judgement = code === 'UnschedulableAndUnresolvable' ? NOT_HELPFUL : NO_VICTIMS
        judged.set(judgement, (judged.get(judgement) ?? 0) + count)
      }
      for (const [status, count] of judged) if (count === 0) judged.delete(status)
      const message = `0/${snapshot.nodes.length} nodes are available: ${countedReasons(judged)}.`
      return { status: refusal(NAME, `preemption: ${message}`) }
    },
  }
}
