/** What the audit log is told of one call of a mutating webhook. */
import { stringifyJson } from '#api/machinery/exact-json.ts'
import type { AdmissionRequest } from '../admission.ts'

export interface MutationPlace {
  /** `round_0_index_2`: in the first round, the third of all webhooks. */
  readonly place: string
  readonly configuration: string
  readonly webhook: string
}

const SUFFIX = '.webhook.admission.k8s.io/'

export class MutationNotes {
  readonly #request: AdmissionRequest
  readonly #of: MutationPlace

  constructor(request: AdmissionRequest, of: MutationPlace) {
    this.#request = request
    this.#of = of
  }

  asked(mutated: boolean): void {
    const { place, configuration, webhook } = this.#of
    const told = JSON.stringify({ configuration, webhook, mutated })
    this.#request.annotate?.(`mutation${SUFFIX}${place}`, told)
  }

  patched(patch: readonly unknown[]): void {
    const { place, configuration, webhook } = this.#of
    // As large as the patch, so only where bodies are told, too.
    if (!this.#request.audits?.('Request')) return
    const told = stringifyJson({ configuration, webhook, patch, patchType: 'JSONPatch' })
    this.#request.annotate?.(`patch${SUFFIX}${place}`, told, 'Request')
  }

  failedOpen(): void {
    const { place, webhook } = this.#of
    this.#request.annotate?.(`failed-open.mutation${SUFFIX}${place}`, webhook)
  }
}
