/** A controller that keeps one object of a fixed name in every namespace. */
import { type Namespace, namespace as namespaceKind } from '#api/core/v1/namespace.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Informer } from '#client/informer.ts'
import type { AnyObject, Controller, PartialObject } from './controller.ts'
import { isNamespaceTerminating } from './errors.ts'

export interface PerNamespace<T extends KubernetesObject> {
  readonly name: string
  readonly namespaces: Informer<Namespace>
  readonly kind: AnyKind
  readonly informer: Informer<T>
  readonly objectName: string
  readonly wanted: (namespace: string) => PartialObject
  /** The object as it should be, undefined when it is so already. */
  readonly repaired?: (found: T) => AnyObject | undefined
}

export function perNamespace<T extends KubernetesObject>(options: PerNamespace<T>): Controller {
  const { kind, informer, namespaces, objectName, wanted, repaired } = options
  return {
    name: options.name,
    workers: 5,
    views: [
      { kind, informer },
      { kind: namespaceKind, informer: namespaces },
    ],
    wake(queue) {
      const wakeNamespace = ({ metadata }: KubernetesObject) => {
        if (metadata.name === objectName) queue.add(metadata.namespace ?? '')
      }
      queue.onStop(
        namespaces.subscribe({ changed: ({ metadata }) => queue.add(metadata.name ?? '') }),
      )
      queue.onStop(informer.subscribe({ changed: wakeNamespace, deleted: wakeNamespace }))
    },
    reconcile(key) {
      const namespace = namespaces.get(key)
      if (!namespace || namespace.metadata.deletionTimestamp) return { writes: [] }
      const found = informer.get(`${key}/${objectName}`)
      if (!found)
        return {
          writes: [
            {
              verb: 'create',
              kind,
              object: wanted(key),
              tolerate: error => isStatus(error, 'AlreadyExists') || isNamespaceTerminating(error),
            },
          ],
        }
      const object = repaired?.(found)
      return { writes: object ? [{ verb: 'update', kind, object }] : [] }
    },
  }
}
