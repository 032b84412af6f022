/** Removes bootstrap tokens when their time is over. */
import { secret } from '#api/core/v1/secret.ts'
import { bootstrapTokens, tokenLeftMs } from '../runner/bootstrap-tokens.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'

export function tokenCleanerController(context: ControllerContext): Controller {
  const tokens = bootstrapTokens(context.informers)
  return {
    name: 'token-cleaner-controller',
    workers: 1,
    views: [{ kind: secret, informer: tokens }],
    wake: queue => wakeSelf(queue, tokens),
    reconcile(key) {
      const token = tokens.get(key)
      const leftMs = token && tokenLeftMs(token, context.clock.now())
      if (!token || leftMs === undefined) return { writes: [] }
      if (leftMs > 0) return { writes: [], againAfterMs: leftMs }
      return { writes: [{ verb: 'delete', kind: secret, object: token }] }
    },
  }
}
