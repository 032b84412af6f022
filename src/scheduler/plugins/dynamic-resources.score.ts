/** Prefers nodes where requests that offer a choice get what they would rather have. */
import type { NodeInfo } from '../state/node-info.ts'
import { type State, waitingIn } from './dynamic-resources.state.ts'

/** As many alternatives as a request can have: the first counts as much, each further one less by one. */
const MOST_ALTERNATIVES = 8

/** Whether any request of the pod's claims that have no devices yet offers a choice. */
export const isChoosing = (state: State): boolean =>
  waitingIn(state).some(({ spec }) =>
    spec.devices.requests.some(({ firstAvailable }) => firstAvailable?.length),
  )

/** The sum over all such requests, by what each would get on the node. */
export function choiceScore(state: State, { name }: NodeInfo): number {
  const allocations = state.byNode.get(name)?.allocations ?? []
  let sum = 0
  for (const [i, { spec }] of waitingIn(state).entries()) {
    const given = new Set(allocations[i]?.devices?.results?.map(({ request }) => request))
    for (const { name: request, firstAvailable = [] } of spec.devices.requests) {
      const rank = firstAvailable.findIndex(each => given.has(`${request}/${each.name}`))
      if (rank >= 0) sum += MOST_ALTERNATIVES - rank
    }
  }
  return sum
}
