/**
 * Enters what writes use into the status of quotas, before the objects are stored. Writes of one namespace stand in line: all that
 * wait are judged together, one after the other, and their sum is written at once. Other servers may write the same status; then what
 * was read is old, and the line is judged anew. An object that is not stored after all stays charged until the controller of
 * quotas counts again: too much is safe, too little would not be.
 */
import { chargeQuotas } from '#api/core/quota/charge.ts'
import type { QuotaEvaluator } from '#api/core/quota/evaluator.ts'
import { type LimitedResource, uncovered } from '#api/core/quota/limited.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { conflict, PlainError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import type { AdmissionRequest } from '../admission.ts'
import { refused } from '../requests.ts'
import type { QuotaStore } from './store.ts'

/** How often a line is judged anew, as upstream. */
const RETRIES = 3

/** What nothing may be used of without a quota, of the resource of a request. */
export type LimitedBy = (request: AdmissionRequest) => readonly LimitedResource[]

interface Waiting {
  readonly request: AdmissionRequest
  readonly evaluator: QuotaEvaluator
  readonly resolve: () => void
  readonly reject: (why: unknown) => void
}

export class QuotaLedger {
  readonly #store: QuotaStore
  readonly #clock: Clock
  readonly #limited: LimitedBy
  /** Who waits, by namespace; the requests that a server answers at a time limit how many. */
  readonly #lines = new Map<string, Waiting[]>()

  constructor(store: QuotaStore, clock: Clock, limited: LimitedBy = () => []) {
    this.#store = store
    this.#clock = clock
    this.#limited = limited
  }

  /** Resolves once the usage is entered; rejects with a StatusError where it would be too much. */
  charge(request: AdmissionRequest, evaluator: QuotaEvaluator): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { request, evaluator, resolve, reject }
      const line = this.#lines.get(request.namespace)
      if (line) line.push(waiting)
      else void this.#serve(request.namespace, waiting)
    })
  }

  async #serve(namespace: string, first: Waiting): Promise<void> {
    const line: Waiting[] = [first]
    this.#lines.set(namespace, line)
    while (line.length > 0) {
      const batch = line.splice(0)
      try {
        await this.#enter(this.#store.list(namespace), batch, RETRIES)
      } catch (thrown) {
        // Those that were answered already do not hear of it.
        for (const { reject } of batch) reject(thrown)
      }
    }
    this.#lines.delete(namespace)
  }

  async #enter(
    quotas: readonly ResourceQuota[],
    batch: readonly Waiting[],
    retries: number,
  ): Promise<void> {
    let running = quotas
    const pending: Waiting[] = []
    for (const waiting of batch) {
      const { request, evaluator } = waiting
      const now = this.#clock.now()
      const limited = this.#limited(request)
      const lacking = uncovered(running, request, evaluator, { limited, now })
      const charged = lacking
        ? { refusal: lacking.text }
        : chargeQuotas(running, request, evaluator, now)
      if (lacking?.isOfScopes) waiting.reject(new PlainError(lacking.text))
      else if ('refusal' in charged) waiting.reject(refused(request, charged.refusal))
      else if (request.dryRun || !charged.isChanged) waiting.resolve()
      else {
        running = charged.quotas
        pending.push(waiting)
      }
    }
    const changed = running.filter((quota, index) => quota !== quotas[index])
    const written = await Promise.all(changed.map(quota => this.#store.setUsed(quota)))
    const stale = changed.filter((_, index) => !written[index])
    const [one] = stale
    if (!one) for (const { resolve } of pending) resolve()
    else if (retries === 0) throw outdated(one)
    else await this.#enter(await this.#newest(stale), pending, retries - 1)
  }

  /** A quota that is gone limits nothing any more. */
  async #newest(stale: readonly ResourceQuota[]): Promise<readonly ResourceQuota[]> {
    const found = await Promise.all(stale.map(quota => this.#store.latest(quota)))
    return found.filter(quota => quota !== undefined)
  }
}

function outdated({ metadata }: ResourceQuota) {
  return conflict(
    { group: '', resource: 'resourcequotas' },
    metadata.name ?? '',
    'the object has been modified; please apply your changes to the latest version and try again',
  )
}
