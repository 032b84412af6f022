/** What goes to an extender and comes back. Upstream's types have no JSON names, so fields are spelled as Go spells them. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import type { ExtenderFilterResult, NodeVictims, Victims } from '../framework/extender.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'

/** Nodes in full, or by name for an extender that knows them. */
export function nodeArgs(pod: Pod, nodes: readonly NodeInfo[], byName: boolean): object {
  return {
    Pod: pod,
    Nodes: byName ? null : { metadata: {}, items: nodes.map(({ node }) => node) },
    NodeNames: byName ? nodes.map(({ name }) => name) : null,
  }
}

export function preemptionArgs(pod: Pod, victims: Victims, byName: boolean): object {
  const of = (podOf: (victim: PodInfo) => unknown) =>
    Object.fromEntries(
      [...victims].map(([node, { pods, budgetViolations }]) => [
        node,
        { Pods: pods.map(podOf), NumPDBViolations: budgetViolations },
      ]),
    )
  return {
    Pod: pod,
    NodeNameToVictims: byName ? null : of(victim => victim.pod),
    NodeNameToMetaVictims: byName ? of(victim => ({ UID: victim.uid })) : null,
  }
}

export function bindingArgs({ metadata }: Pod, node: string): object {
  const { name, namespace, uid } = metadata
  return { PodName: name, PodNamespace: namespace, PodUID: uid, Node: node }
}

/** Go finds fields whatever their case; so do extenders that are written in other languages and answer in theirs. */
export function field(answer: unknown, name: string): unknown {
  if (!isPlainObject(answer)) return undefined
  if (name in answer) return answer[name]
  const wanted = name.toLowerCase()
  return Object.entries(answer).find(([key]) => key.toLowerCase() === wanted)?.[1]
}

/** Throws where the answer has an error of its own. */
export function complain(answer: unknown): void {
  const error = field(answer, 'Error')
  if (typeof error === 'string' && error !== '') throw new Error(error)
}

/** Throws for nodes that were not asked about. */
export function filterResult(
  answer: unknown,
  asked: readonly NodeInfo[],
  { name: extender, byName }: { name: string; byName: boolean },
): ExtenderFilterResult {
  complain(answer)
  const known = new Map(asked.map(node => [node.name, node]))
  const names = byName ? field(answer, 'NodeNames') : undefined
  const left = names ?? namesOf(field(answer, 'Nodes'))
  const nodes = list(left, 'NodeNames').map(name => {
    const node = known.get(String(name))
    if (node) return node
    throw new Error(
      `extender "${extender}" claims a filtered node "${name}" which is not found in the input node list`,
    )
  })
  return {
    nodes,
    failed: texts(field(answer, 'FailedNodes'), 'FailedNodes'),
    failedAndUnresolvable: texts(
      field(answer, 'FailedAndUnresolvableNodes'),
      'FailedAndUnresolvableNodes',
    ),
  }
}

function namesOf(nodes: unknown): unknown {
  const items = field(nodes, 'items')
  return items && list(items, 'Nodes').map(node => field(field(node, 'metadata'), 'name'))
}

export function scoresIn(answer: unknown): ReadonlyMap<string, number> {
  return new Map(
    list(answer, 'the scores').map(entry => [
      String(field(entry, 'Host')),
      whole(field(entry, 'Score'), 'Score'),
    ]),
  )
}

/** Throws for nodes and pods that are not there. */
export function victimsIn(
  answer: unknown,
  extender: string,
  snapshot: Pick<Snapshot, 'node'>,
): Victims {
  const byNode = field(answer, 'NodeNameToMetaVictims') ?? {}
  if (!isPlainObject(byNode)) throw new Error('NodeNameToMetaVictims is no object')
  return new Map(
    Object.entries(byNode).map(([name, given]) => {
      const node = snapshot.node(name)
      if (!node) throw new Error(`nodeinfo not found for node name "${name}"`)
      return [name, victimsOf(given, extender, node)]
    }),
  )
}

function victimsOf(given: unknown, extender: string, node: NodeInfo): NodeVictims {
  const pods = list(field(given, 'Pods'), 'Pods').map(each => {
    const uid = String(field(each, 'UID'))
    const pod = node.pods.get(uid)
    if (pod) return pod
    throw new Error(
      `extender: ${extender} claims to preempt pod (UID: &{${uid}}) on node: ${node.name}, but the pod is not found on that node`,
    )
  })
  return { pods, budgetViolations: whole(field(given, 'NumPDBViolations'), 'NumPDBViolations') }
}

/** A number that counts something; a text or a fraction would be no answer in Go either. */
function whole(value: unknown, what: string): number {
  if (value === undefined || value === null) return 0
  if (!Number.isSafeInteger(value)) throw new Error(`${what} is no whole number`)
  return value as number
}

function list(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new Error(`${what} is no list`)
  return value
}

function texts(value: unknown, what: string): ReadonlyMap<string, string> {
  if (value === undefined || value === null) return new Map()
  if (!isPlainObject(value)) throw new Error(`${what} is no object`)
  return new Map(Object.entries(value).map(([name, text]) => [name, String(text)]))
}
