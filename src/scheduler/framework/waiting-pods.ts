/** Pods that Permit plugins hold back: placed, but not bound before each of those plugins allows it. */
import type { Clock } from '#base/clock.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Verdict } from './plugin.ts'
import { refusal, type Status } from './status.ts'

/** No plugin can hold a pod longer than this. */
const MAXIMUM_WAIT_MS = 15 * 60_000

export interface WaitingPod {
  readonly pod: PodInfo
  readonly node: string
  readonly pendingPlugins: readonly string[]
  /** The plugin has no more objections; when the last one has none, the pod is bound. */
  allow(plugin: string): void
  reject(plugin: string, reason: string, more?: Pick<Status, 'isOfNoNode'>): void
}

export interface WaitingPods {
  get(uid: string): WaitingPod | undefined
  list(): readonly WaitingPod[]
  /** By UID, those that were rejected and were not released yet. */
  readonly turnedAway: ReadonlySet<string>
  /** Holds the pod for the plugins, each at most its time in milliseconds. Resolves with what came of it. */
  hold(pod: PodInfo, node: string, timeoutsMs: ReadonlyMap<string, number>): Promise<Verdict>
  /** The pod has given its room back. */
  release(uid: string): void
}

interface Held extends WaitingPod {
  /** Ends its timers. */
  cancel(): void
}

export function createWaitingPods(clock: Clock): WaitingPods {
  const waiting = new Map<string, Held>()
  const turnedAway = new Set<string>()
  return {
    turnedAway,
    get: uid => waiting.get(uid),
    list: () => [...waiting.values()],
    hold(pod, node, timeoutsMs) {
      return new Promise(resolve => {
        const pending = new Map<string, () => void>()
        const end = (verdict: Verdict) => {
          held.cancel()
          if (!waiting.delete(pod.uid)) return
          if (verdict) turnedAway.add(pod.uid)
          resolve(verdict)
        }
        const held: Held = {
          pod,
          node,
          cancel() {
            for (const cancelTimer of pending.values()) cancelTimer()
            pending.clear()
          },
          get pendingPlugins() {
            return [...pending.keys()].sort()
          },
          allow(plugin) {
            pending.get(plugin)?.()
            if (pending.delete(plugin) && pending.size === 0) end(undefined)
          },
          reject: (plugin, reason, more) => end({ ...refusal(plugin, reason), ...more }),
        }
        for (const [plugin, timeoutMs] of timeoutsMs) {
          const waitMs = Math.min(timeoutMs, MAXIMUM_WAIT_MS)
          const late = `rejected due to timeout after waiting ${waitMs / 1000}s at plugin ${plugin}`
          pending.set(
            plugin,
            clock.after(waitMs, () => held.reject(plugin, late)),
          )
        }
        waiting.set(pod.uid, held)
      })
    },
    release(uid) {
      waiting.get(uid)?.cancel()
      waiting.delete(uid)
      turnedAway.delete(uid)
    },
  }
}
