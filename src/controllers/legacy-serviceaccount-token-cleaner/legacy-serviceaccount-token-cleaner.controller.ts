/** Removes tokens in Secrets that came by themselves once and that nobody uses any more. */
import { configMap } from '#api/core/v1/config-map.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { secret } from '#api/core/v1/secret.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { tokenSecrets } from '../runner/token-secrets.ts'
import { reconcile } from './legacy-serviceaccount-token-cleaner.reconcile.ts'

const DAY_MS = 86_400_000
/** Upstream's --legacy-service-account-token-clean-up-period. */
const DEFAULT_PERIOD_MS = 365 * DAY_MS
const TRACKING = 'kube-apiserver-legacy-service-account-token-tracking'
const ALL = 'all'

export function legacyServiceAccountTokenCleanerController(
  context: ControllerContext,
  periodMs: number = DEFAULT_PERIOD_MS,
): Controller {
  const { client, clock, informers } = context
  const accounts = informers.for(serviceAccount)
  const secrets = tokenSecrets(informers)
  const pods = informers.for(pod)

  const trackedSince = async (): Promise<string | undefined> => {
    try {
      return (await client.get(configMap, TRACKING, 'kube-system')).data?.since
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  return {
    name: 'legacy-serviceaccount-token-cleaner-controller',
    workers: 1,
    views: [
      { kind: serviceAccount, informer: accounts },
      { kind: secret, informer: secrets },
      { kind: pod, informer: pods },
    ],
    // Days are what counts here, so a look a day is enough.
    wake: queue => queue.add(ALL),
    async reconcile() {
      const since = await trackedSince()
      const writes = reconcile({
        since,
        secrets: secrets.list(),
        account: (namespace, name) => accounts.get(`${namespace}/${name}`),
        podsIn: namespace => pods.list(namespace),
        nowMs: clock.now(),
        periodMs,
      })
      return { writes, againAfterMs: DAY_MS }
    },
  }
}
