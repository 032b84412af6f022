/** Nothing is made that would take its namespace beyond one of its quotas. */
import { quotaEvaluators } from '#api/core/quota/evaluators.ts'
import type { AdmissionStep } from '../admission.ts'
import { concerns } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'
import { type LimitedBy, QuotaLedger } from './ledger.ts'

export function resourceQuotaStep({
  quotas,
  quotaDevices,
  clock,
  pluginConfiguration,
}: Pick<
  AdmissionWorld,
  'quotas' | 'quotaDevices' | 'clock' | 'pluginConfiguration'
>): AdmissionStep {
  const quotaEvaluatorOf = quotaEvaluators(quotaDevices)
  const configured = pluginConfiguration?.resourceQuota ?? []
  const limitedBy: LimitedBy = ({ resource: { group, resource } }) =>
    configured.length === 0
      ? configured
      : configured.filter(each => each.resource === resource && (each.apiGroup ?? '') === group)
  const ledger = new QuotaLedger(quotas, clock, limitedBy)
  return {
    name: 'ResourceQuota',
    validate(request) {
      const { namespace, operation, resource } = request
      if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined
      // Mostly there are none, and then no write waits for this.
      if (namespace === '') return undefined
      if (quotas.list(namespace).length === 0 && limitedBy(request).length === 0) return undefined
      if (concerns(request, '', 'namespaces')) return undefined
      const evaluator = quotaEvaluatorOf(resource)
      return evaluator?.handles(request) ? ledger.charge(request, evaluator) : undefined
    },
  }
}
