/** Keeps the signatures of kube-public/cluster-info. */
import { configMap } from '#api/core/v1/config-map.ts'
import { secret } from '#api/core/v1/secret.ts'
import { bootstrapTokens } from '../runner/bootstrap-tokens.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { reconcile } from './bootstrap-signer.reconcile.ts'

const INFO = 'kube-public/cluster-info'

export function bootstrapSignerController(context: ControllerContext): Controller {
  const tokens = bootstrapTokens(context.informers)
  const infos = context.informers.for(configMap, {
    namespace: 'kube-public',
    fieldSelector: 'metadata.name=cluster-info',
  })
  return {
    name: 'bootstrap-signer-controller',
    workers: 1,
    views: [
      { kind: secret, informer: tokens },
      { kind: configMap, informer: infos },
    ],
    wake(queue) {
      const wake = () => queue.add(INFO)
      queue.onStop(tokens.subscribe({ changed: wake, deleted: wake }))
      queue.onStop(infos.subscribe({ changed: wake, deleted: wake }))
    },
    reconcile(key) {
      const info = infos.get(key)
      return info ? reconcile(info, tokens.list(), context.clock.now()) : { writes: [] }
    },
  }
}
