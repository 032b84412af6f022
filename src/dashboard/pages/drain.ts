/** Empties a node as `kubectl drain` does: it takes no new pods, and its pods are asked to leave, as their budgets allow. */
import { actionsFor, evictable, evictionRequest } from '../model/actions.ts'
import type { AnyObject } from '../model/health.ts'
import type { Resource } from '../model/resource.ts'
import { withQuery } from '../model/resource.ts'
import { ApiError, errorText } from './api.ts'
import type { App } from './app.ts'
import { pause } from './browser.ts'
import { openDialog } from './dialogs.ts'
import { h } from './dom.ts'

/** A budget may take a while to allow the next one. */
const PATIENCE_ROUNDS = 60
const ROUND_MS = 2_000
const MAXIMUM_PODS = 1_000

export async function openDrain(app: App, resource: Resource, node: AnyObject): Promise<void> {
  const { name = '' } = node.metadata
  const leave = new AbortController()
  await openDialog({
    title: `Drain ${name}?`,
    content: [
      h(
        'p',
        {},
        'It takes no new pods, and all of its pods are evicted, but for those of DaemonSets and its own static pods. What pods keep in emptyDir volumes is lost.',
      ),
    ],
    action: 'Drain',
    isDangerous: true,
    act: async tell => {
      try {
        const cordon = actionsFor(node, resource)
          .find(({ id }) => id === 'cordon')
          ?.request?.(new Date())
        if (cordon)
          await app.api.json(cordon.method, cordon.path, cordon.body, {
            contentType: 'application/merge-patch+json',
          })
        return await evictAll(app, name, tell, leave.signal)
      } catch (error) {
        return errorText(error)
      }
    },
  }).finally(() => leave.abort())
}

/** What is wrong in the end, if anything. */
async function evictAll(
  app: App,
  node: string,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = withQuery('/api/v1/pods', {
    fieldSelector: `spec.nodeName=${node}`,
    limit: MAXIMUM_PODS,
  })
  let waitsFor = ''
  for (let round = 0; round < PATIENCE_ROUNDS && !signal.aborted; round++) {
    const { items = [] } = await app.api.json<{ items?: AnyObject[] }>('GET', path)
    const left = items.filter(evictable)
    const leaving = items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    if (left.length === 0 && leaving.length === 0) {
      app.tell(`${node} is drained.`)
      return undefined
    }
    tell(`${left.length + leaving.length} pods are left${waitsFor && `; ${waitsFor}`}`)
    waitsFor = ''
    for (const pod of left) {
      if (signal.aborted) return undefined
      const { method, path: eviction, body } = evictionRequest(pod)
      try {
        await app.api.json(method, eviction, body)
      } catch (error) {
        // A budget that says not now is asked again; a pod that is gone, or another one by now, needs nothing.
        if (!(error instanceof ApiError) || ![404, 409, 429].includes(error.code)) throw error
        if (error.code === 429) waitsFor = `${pod.metadata.name}: ${error.message}`
      }
    }
    await pause(ROUND_MS, signal)
  }
  return signal.aborted ? undefined : `Not all pods have left. ${waitsFor}`
}
