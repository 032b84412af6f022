/** Nothing is made that would take its namespace beyond one of its quotas. */
import { quotaEvaluators } from '#api/core/quota/evaluators.ts'
import type { AdmissionStep } from '../admission.ts'
import { concerns } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'
import { QuotaLedger } from './ledger.ts'

export function resourceQuotaStep({
  quotas,
  quotaDevices,
  clock,
}: Pick<AdmissionWorld, 'quotas' | 'quotaDevices' | 'clock'>): AdmissionStep {
  const quotaEvaluatorOf = quotaEvaluators(quotaDevices)
  const ledger = new QuotaLedger(quotas, clock)
  return {
    name: 'ResourceQuota',
    validate(request) {
      const { namespace, operation, resource } = request
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
      // Mostly there are none, and then no write waits for this.
      if (namespace === '' || quotas.list(namespace).length === 0) return undefined
      if (concerns(request, '', 'namespaces')) return undefined
      const evaluator = quotaEvaluatorOf(resource)
      return evaluator?.handles(request) ? ledger.charge(request, evaluator) : undefined
    },
  }
}
