/**
 * Tries where the pods of a group would go together, on the very state that the scheduler lives on: each one is put on its node
 * before the next is tried. Nothing of it is seen by anybody else, as it all happens in one synchronous stretch and is undone.
 * Extenders are not asked: they could only be waited for.
 */
import { CycleState } from '../framework/cycle-state.ts'
import type { Profile } from '../framework/profile.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import type { Nominator } from '../state/nominator.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { type AttemptContext, attempt } from './attempt.ts'
import { reserve, unreserve } from './binding.ts'
import { FeasibleNodes } from './feasible.ts'

export interface GroupTrial {
  /** Who decides for the pods. */
  profile(): Profile
  /** Places those that find a node, one after the other, and takes them off again. Gives the names of their nodes by UID. */
  place(pods: readonly PodInfo[]): ReadonlyMap<string, string>
  /** Takes these pods off their nodes until the function that it gives is called. */
  without(pods: readonly PodInfo[]): () => void
}

export function createGroupTrial(
  state: ClusterState,
  nominator: Nominator,
  { profile, choose }: { profile: () => Profile; choose: AttemptContext['choose'] },
): GroupTrial {
  const context: AttemptContext = {
    snapshot: state,
    nominator,
    feasibleNodes: new FeasibleNodes(false),
    extenders: [],
    percentageOfNodesToScore: 0,
    choose,
  }
  /** Undefined where the pod finds no node; else what takes it off again. */
  function placeOne(pod: PodInfo, places: Map<string, string>): (() => void) | undefined {
    const cycle = new CycleState()
    const result = attempt(context, profile(), cycle, pod)
    if (result instanceof Promise || !('node' in result)) return undefined
    const { node } = result
    const placement = { profile: profile(), cycle, pod, node }
    const hoped = nominator.nodeOf(pod.uid)
    const sinceMs = nominator.sinceMs(pod.uid)
    state.assume(pod, node.name)
    nominator.delete(pod.uid)
    const undo = () => {
      unreserve(placement)
      state.forget(pod.uid)
      if (hoped !== undefined) nominator.add(pod, hoped, sinceMs)
    }
    if (reserve(placement)) {
      undo()
      return undefined
    }
    places.set(pod.uid, node.name)
    return undo
  }
  return {
    profile,
    place(pods) {
      const places = new Map<string, string>()
      const undone: (() => void)[] = []
      try {
        for (const pod of pods) {
          const undo = placeOne(pod, places)
          if (undo) undone.push(undo)
        }
      } finally {
        for (const undo of undone.toReversed()) undo()
      }
      return places
    },
    without(pods) {
      const back = pods.map(({ uid }) => state.lift(uid))
      return () => {
        for (const put of back.toReversed()) put()
      }
    },
  }
}
