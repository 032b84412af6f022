/** Gives every namespace its ServiceAccount `default`, which pods use that name no other. */
import { namespace } from '#api/core/v1/namespace.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { perNamespace } from '../runner/per-namespace.ts'

const NAME = 'default'

export function serviceAccountController(context: ControllerContext): Controller {
  const accounts = context.informers.for(serviceAccount)
  const namespaces = context.informers.for(namespace)
  return perNamespace({
    name: 'serviceaccount-controller',
    namespaces,
    kind: serviceAccount,
    informer: accounts,
    objectName: NAME,
    wanted: namespaceName => ({ metadata: { name: NAME, namespace: namespaceName } }),
  })
}
