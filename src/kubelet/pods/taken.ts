/**
 * What the admitted pods take of their node, as sums: whoever admits the hundredth looks at no other. Exact, as requests are whole
 * numbers.
 */
import type { PodRequests } from '../containers/resources.ts'

export class Taken implements PodRequests {
  pods = 0
  cpu = 0
  memory = 0
  'ephemeral-storage' = 0

  /** One pod takes `after` where it took `before`; undefined is a pod that does not count. */
  exchange(before: PodRequests | undefined, after: PodRequests | undefined): void {
    if (before) this.#add(before, -1)
    if (after) this.#add(after, 1)
  }

  #add(requests: PodRequests, sign: 1 | -1): void {
    this.pods += sign
    this.cpu += sign * requests.cpu
    this.memory += sign * requests.memory
    this['ephemeral-storage'] += sign * requests['ephemeral-storage']
  }
}
