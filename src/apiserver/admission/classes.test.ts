import assert from 'node:assert/strict'
import { test } from 'node:test'
import { INGRESS_CLASS_ANNOTATION, type Ingress } from '#api/networking/v1/ingress.ts'
import { DEFAULT_CLASS_ANNOTATION, type IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { RuntimeClass } from '#api/node/v1/runtime-class.ts'
import type { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { priority } from './priority.ts'
import { mergeTolerations, runtimeClassStep } from './runtime-class.ts'
import { admit, podNamed, testWorld } from './testing.ts'

const priorityClass = (name: string, value: number, more: Partial<PriorityClass> = {}) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  preemptionPolicy: 'PreemptLowerPriority' as const,
  ...more,
})
const CLASSES = 'priorityclasses.scheduling.k8s.io'

test('a pod gets number and policy of its class', async () => {
  const world = testWorld()
  world.made.priority.push(priorityClass('batch', -5, { preemptionPolicy: 'Never' }))
  const of = async (spec: object) =>
    (await admit(priority(world), { object: podNamed('web', spec) })).spec
  const batch = await of({ priorityClassName: 'batch' })
  assert.deepEqual([batch.priority, batch.preemptionPolicy], [-5, 'Never'])
  const system = await of({ priorityClassName: 'system-node-critical' })
  assert.deepEqual([system.priority, system.preemptionPolicy], [2000001000, 'PreemptLowerPriority'])
  await of({ priorityClassName: 'batch', priority: -5, preemptionPolicy: 'Never' })
  await assert.rejects(of({ priorityClassName: 'gone' }), {
    message: 'pods "web" is forbidden: no PriorityClass with name gone was found',
  })
  await assert.rejects(of({ priorityClassName: 'batch', priority: 5 }), {
    message:
      'pods "web" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed -5 from the given PriorityClass name',
  })
  const preemptionPolicy = 'PreemptLowerPriority'
  await assert.rejects(of({ priorityClassName: 'batch', preemptionPolicy }), {
    message:
      'pods "web" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
  })
})

test('a pod that names no class gets the default one', async () => {
  const world = testWorld()
  const made = async () => (await admit(priority(world), { object: podNamed('web') })).spec
  const without = await made()
  assert.deepEqual([without.priority, without.priorityClassName], [0, undefined])
  world.made.priority.push(
    priorityClass('much', 9, { globalDefault: true }),
    priorityClass('less', 7, { globalDefault: true, preemptionPolicy: 'Never' }),
    priorityClass('least', 1),
  )
  const { priority: number, preemptionPolicy, priorityClassName } = await made()
  assert.deepEqual([number, preemptionPolicy, priorityClassName], [7, 'Never', 'less'])
})

// In the words of kube-apiserver 1.36.3.
test('a group of pods gets the number of its class, and may not choose another', async () => {
  const world = testWorld()
  world.made.priority.push(priorityClass('high', 70))
  const of = async (spec: object, more: object = {}) => {
    const object = {
      apiVersion: 'scheduling.k8s.io/v1alpha2',
      kind: 'PodGroup',
      metadata: { name: 'g' },
      spec,
    }
    const request = { resource: 'podgroups.scheduling.k8s.io', object: object as never, ...more }
    const admitted = await admit(priority(world), request)
    return (admitted as unknown as { spec: object }).spec
  }
  assert.deepEqual(await of({ priorityClassName: 'high' }), {
    ...{ priorityClassName: 'high', priority: 70 },
  })
  assert.deepEqual(await of({ priority: 0 }), { priority: 0 })
  await assert.rejects(of({ priority: 7 }), {
    message:
      'podgroups.scheduling.k8s.io "g" is forbidden: priority set in the pod group (7) must match the priority computed (0) based on the priority class set in the spec',
  })
  await assert.rejects(of({ priorityClassName: 'gone' }), {
    message:
      'podgroups.scheduling.k8s.io "g" is forbidden: no PriorityClass with name gone was found',
  })
  world.made.priority.push(priorityClass('usual', 5, { globalDefault: true }))
  assert.deepEqual(await of({}), { priority: 5, priorityClassName: 'usual' })
  const update = { operation: 'UPDATE' as const }
  assert.deepEqual(await of({}, update), {}, 'whether it may change is for validation to say')
  const off = { ...world, featureGates: new Map() }
  const object = { apiVersion: 'x', kind: 'PodGroup', metadata: { name: 'g' }, spec: {} } as never
  const request = { resource: 'podgroups.scheduling.k8s.io', object }
  const untouched = await admit(priority(off), request)
  assert.deepEqual((untouched as unknown as { spec: object }).spec, {}, 'behind a gate')
})

test('there is one default class, and those of the system stay', async () => {
  const world = testWorld()
  const usual = priorityClass('usual', 5, { globalDefault: true })
  const other = priorityClass('other', 5, { globalDefault: true })
  const write = (operation: 'CREATE' | 'UPDATE', object: PriorityClass) =>
    admit(priority(world), { operation, resource: CLASSES, object, oldObject: object })
  await write('CREATE', usual)
  world.made.priority.push(usual)
  await write('UPDATE', usual)
  await write('CREATE', priorityClass('third', 5))
  for (const operation of ['CREATE', 'UPDATE'] as const)
    await assert.rejects(write(operation, other), {
      message:
        'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    })
  const remove = (name: string) =>
    admit(priority(world), { operation: 'DELETE', resource: CLASSES, name, namespace: '' })
  await remove('usual')
  await assert.rejects(remove('system-cluster-critical'), {
    message:
      'priorityclasses.scheduling.k8s.io "system-cluster-critical" is forbidden: this is a system priority class and cannot be deleted',
  })
})

const sandbox: RuntimeClass = {
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name: 'sandbox' },
  handler: 'runsc',
  overhead: { podFixed: { cpu: '250m' } },
  scheduling: {
    nodeSelector: { sandbox: 'yes' },
    tolerations: [{ key: 'sandbox', operator: 'Exists', effect: 'NoSchedule' }],
  },
}
const bare: RuntimeClass = { ...sandbox, metadata: { name: 'bare' } }
delete bare.overhead
delete bare.scheduling

test('a pod gets what its runtime class says', async () => {
  const world = testWorld()
  world.made.runtime.push(sandbox, bare)
  const of = async (spec: object) =>
    (await admit(runtimeClassStep(world), { object: podNamed('web', spec) })).spec
  const runtimeClassName = 'sandbox'
  const made = await of({ runtimeClassName, nodeSelector: { disk: 'ssd' } })
  assert.deepEqual(made.overhead, { cpu: '250m' })
  assert.deepEqual(made.nodeSelector, { disk: 'ssd', sandbox: 'yes' })
  assert.deepEqual(made.tolerations, sandbox.scheduling?.tolerations)
  await of({ runtimeClassName, overhead: { cpu: '0.25' }, nodeSelector: { sandbox: 'yes' } })
  assert.equal((await of({ runtimeClassName: 'bare' })).nodeSelector, undefined)

  const refusals: [object, string][] = [
    [{ runtimeClassName: 'gone' }, 'pod rejected: RuntimeClass "gone" not found'],
    [
      { runtimeClassName, overhead: { cpu: '1' } },
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ],
    [
      { runtimeClassName: 'bare', overhead: { cpu: '1' } },
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
    [
      { overhead: { cpu: '1' } },
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
    [
      { runtimeClassName, nodeSelector: { sandbox: 'no' } },
      'conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no',
    ],
  ]
  for (const [spec, why] of refusals)
    await assert.rejects(of(spec), { message: `pods "web" is forbidden: ${why}` })
  // What a pod has it keeps, whatever became of the class.
  const old = podNamed('web', { runtimeClassName: 'gone', overhead: { cpu: '1' } })
  await admit(runtimeClassStep(world), { operation: 'UPDATE', object: old, oldObject: old })
})

test('tolerations are told once', () => {
  const any = { operator: 'Exists' as const }
  const one = { key: 'a', operator: 'Equal' as const, value: '1' }
  assert.deepEqual(mergeTolerations([one, one]), [one])
  assert.deepEqual(mergeTolerations([one, any]), [any])
  assert.deepEqual(mergeTolerations([any, one]), [any])
  assert.deepEqual(mergeTolerations([one, { ...one, value: '2' }]).length, 2)
  assert.deepEqual(mergeTolerations([{ ...one, effect: 'NoExecute' }, one]), [one])
  const short = { ...one, effect: 'NoExecute' as const, tolerationSeconds: 5 }
  const long = { ...short, tolerationSeconds: 9 }
  assert.deepEqual(mergeTolerations([short, long]), [long])
  const forever = { key: 'a', operator: 'Equal' as const, value: '1', effect: 'NoExecute' as const }
  assert.deepEqual(mergeTolerations([forever, long]), [forever])
})

const ingressClass = (name: string, time: string, isDefault: string): IngressClass => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: {
    name,
    creationTimestamp: time,
    annotations: { [DEFAULT_CLASS_ANNOTATION]: isDefault },
  },
  spec: { controller: 'acme.io/a' },
})

test('an ingress without a class gets the newest default class', async () => {
  const world = testWorld()
  const step = defaultIngressClass(world)
  const made = async (spec: object, annotations: Record<string, string> = {}) => {
    const object: Ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', annotations },
      spec,
      status: { loadBalancer: {} },
    }
    const asked = { resource: 'ingresses.networking.k8s.io', object }
    return (await admit(step, asked)).spec.ingressClassName
  }
  assert.equal(await made({}), undefined)
  world.made.ingress.push(
    ingressClass('old', '2026-01-01T00:00:00Z', 'true'),
    ingressClass('z', '2026-01-02T00:00:00Z', 'true'),
    ingressClass('new', '2026-01-02T00:00:00Z', 'true'),
    ingressClass('newest', '2026-01-03T00:00:00Z', 'false'),
  )
  assert.equal(await made({}), 'new')
  assert.equal(await made({ ingressClassName: 'mine' }), 'mine')
  assert.equal(await made({}, { [INGRESS_CLASS_ANNOTATION]: 'nginx' }), undefined)
})
