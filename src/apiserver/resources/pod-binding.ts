/** pods/binding and bindings: puts a pod onto a node, once. */
import { type Binding, binding } from '#api/core/v1/binding.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { notSupported, required } from '#api/machinery/field-error.ts'
import { badRequest, conflict, PlainError } from '#api/machinery/status.ts'
import { respondMade } from '../respond.ts'
import { draftOf, parseBody } from './body.ts'
import type { StoredResource } from './registry.ts'
import { trackMade } from './reviews.ts'
import type { SpecialHandler } from './special.ts'
import { SUCCESS } from './success.ts'
import { updateObject } from './update.ts'
import { admit, checkNamespace, mutate, nowOf, type Write, writeOf } from './write.ts'

export const bindPod: SpecialHandler = async (exchange, resource) => {
  const respond = respondMade(exchange)
  const { registry } = exchange.server
  const pods = registry.stored('', 'v1', 'pods')
  const wanted = draftOf(exchange, binding, await parseBody(exchange.request, binding)) as Binding
  const write = { ...writeOf(exchange, pods), subresource: 'binding' }
  checkNamespace(write, wanted)
  // By whichever path it came.
  const asked = {
    ...write,
    resource: resource as StoredResource,
    subresource: exchange.info.subresource,
  }
  trackMade(asked, binding, wanted)
  await mutate(asked, wanted, undefined, binding)
  const name = write.name || (wanted.metadata.name ?? '')
  checkBinding(wanted, name)
  await admit(asked, 'CREATE', { object: wanted }, binding)
  await updateObject({ ...write, name }, current => bound(write, current.object as Pod, wanted))
  return respond(SUCCESS)
}

function checkBinding({ metadata, target }: Binding, name: string): void {
  if (name === '') throw badRequest('Name parameter required.')
  if (metadata.name !== name) throw badRequest('name in URL does not match name in Binding object')
  const errors = []
  if (target.kind && target.kind !== 'Node')
    errors.push(notSupported('target.kind', target.kind, ['Node', '<empty>']))
  if (!target.name) errors.push(required('target.name'))
  if (errors.length === 0) return
  // As upstream, which tells what is wrong with a binding as if it were its own fault.
  const texts = errors.map(({ field, message }) => `${field}: ${message}`)
  throw new PlainError(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`)
}

function bound(write: Write, pod: Pod, { target, metadata }: Binding): Pod {
  const of = { group: '', resource: 'pods/binding' }
  const name = pod.metadata.name ?? ''
  if (metadata.uid && metadata.uid !== pod.metadata.uid)
    throw conflict(
      of,
      name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
    )
  if (pod.metadata.deletionTimestamp)
    throw conflict(of, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  if (pod.spec.nodeName)
    throw conflict(of, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`)
  if (pod.spec.schedulingGates && pod.spec.schedulingGates.length > 0)
    throw conflict(of, name, `pod ${name} has non-empty .spec.schedulingGates`)
  // It has its node: what it hoped for is of the past.
  const { nominatedNodeName: _, ...status } = pod.status
  // All else is shared with the stored pod, which is frozen.
  const draft: Pod = {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: '' },
    spec: { ...pod.spec, nodeName: target.name ?? '' },
    status,
  }
  if (metadata.annotations)
    draft.metadata.annotations = { ...draft.metadata.annotations, ...metadata.annotations }
  if (metadata.labels) draft.metadata.labels = { ...draft.metadata.labels, ...metadata.labels }
  const others = (draft.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: nowOf(write),
  }
  draft.status.conditions = [...others, scheduled] as NonNullable<Pod['status']['conditions']>
  return draft
}
