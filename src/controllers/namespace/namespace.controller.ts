/** Empties a namespace that is being deleted, pods first, and lets it go when nothing is left. */
import { namespace } from '#api/core/v1/namespace.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { type AnyKind, storedOnce } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { type Emptied, isEmpty, reconcile } from './namespace.reconcile.ts'

export function namespaceController(context: ControllerContext): Controller {
  const { client, clock } = context
  const namespaces = context.informers.for(namespace)
  const pods = context.informers.for(pod)

  /** Deletes all objects of a kind in a namespace; says what is left. */
  const empty = async (kind: AnyKind, name: string): Promise<Emptied> => {
    try {
      if (kind.verbs.includes('deletecollection'))
        await client.deleteAll(kind, { namespace: name }, { propagationPolicy: 'Background' })
      const { items } = await client.list(kind, { namespace: name })
      if (!kind.verbs.includes('deletecollection'))
        for (const item of items as KubernetesObject[])
          await client.delete(kind, { name: item.metadata.name ?? '', namespace: name })
      return { kind, left: items as KubernetesObject[] }
    } catch (error) {
      // A custom kind that was removed meanwhile has no objects left.
      if (isStatus(error, 'NotFound', 'MethodNotAllowed')) return { kind, left: [] }
      return { kind, left: [], error: messageOf(error) }
    }
  }

  return {
    name: 'namespace-controller',
    workers: 5,
    views: [{ kind: namespace, informer: namespaces }],
    wake(queue) {
      /** By namespace. */
      const podCounts = new Map<string, number>()
      queue.onStop(
        namespaces.subscribe({
          changed: found => {
            if (found.metadata.deletionTimestamp) queue.add(found.metadata.name ?? '')
          },
        }),
      )
      queue.onStop(
        pods.subscribe({
          changed({ metadata: { namespace: name = '' } }, previous) {
            if (!previous) podCounts.set(name, (podCounts.get(name) ?? 0) + 1)
          },
          // While other pods are there, a look would find nothing to do, and a large namespace has many pods that go.
          deleted({ metadata: { namespace: name = '' } }) {
            const left = (podCounts.get(name) ?? 0) - 1
            if (left > 0) return void podCounts.set(name, left)
            podCounts.delete(name)
            if (namespaces.get(name)?.metadata.deletionTimestamp) queue.add(name)
          },
        }),
      )
    },
    async reconcile(name) {
      const found = namespaces.get(name)
      if (!found?.metadata.deletionTimestamp) return { writes: [] }
      const finalizers = found.spec.finalizers ?? []
      if (!finalizers.includes('kubernetes')) return { writes: [] }
      const remote = await context.remoteKinds.discover()
      const undiscovered = remote.failed
      // What pods live on (policies for their traffic, claims, secrets) stays until the last of them is gone.
      const emptied = [await empty(pod, name)]
      if (isEmpty(emptied, [])) {
        const kinds = [...storedOnce(context.kinds()), ...remote.kinds].filter(isOtherContent)
        emptied.push(...(await Promise.all(kinds.map(kind => empty(kind, name)))))
      }
      return reconcile({ namespace: found, emptied, undiscovered, nowMs: clock.now() })
    },
  }
}

function isOtherContent(kind: AnyKind): boolean {
  return (
    kind !== pod &&
    kind.scope === 'Namespaced' &&
    !kind.ephemeral &&
    kind.verbs.includes('list') &&
    kind.verbs.includes('delete')
  )
}
