/** What a pod asks for as a whole, beside what its containers ask for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines } from '../testing.ts'
import { pod } from './pod.ts'

test('a pod with limits as a whole requests as a whole what its containers do, or its limits', () => {
  const wholeOf = (whole: object, ...containers: object[]) => {
    const spec = {
      resources: whole,
      containers: containers.map((resources, at) => ({ name: `c${at}`, image: 'i', resources })),
    }
    const made = created(pod, { spec })
    return [made.spec.resources, made.status.qosClass]
  }
  const memory = { requests: { memory: '1Gi' } }
  assert.deepEqual(wholeOf({ limits: { cpu: '2', memory: '4Gi' } }, memory, memory), [
    { limits: { cpu: '2', memory: '4Gi' }, requests: { cpu: '2', memory: '2Gi' } },
    'Burstable',
  ])
  assert.deepEqual(wholeOf({ requests: { cpu: '2' } }, memory), [
    { requests: { cpu: '2' } },
    'Burstable',
  ])
  assert.deepEqual(wholeOf({}, memory), [{}, 'BestEffort'])
  const pages = { limits: { cpu: '1', 'hugepages-2Mi': '2Mi' } }
  assert.deepEqual(wholeOf({ requests: { cpu: '2' } }, pages, pages)[0], {
    limits: { 'hugepages-2Mi': '4Mi' },
    requests: { cpu: '2', 'hugepages-2Mi': '4Mi' },
  })
})

test('what a pod has as a whole is enough for its containers', () => {
  const spec = {
    resources: { limits: { cpu: '1' }, requests: { cpu: '1', memory: '1Gi' } },
    containers: [
      {
        name: 'a',
        image: 'i',
        resources: { limits: { cpu: '2' }, requests: { cpu: '1', memory: '1Gi' } },
      },
      { name: 'b', image: 'i', resources: { requests: { cpu: '500m' } } },
    ],
  }
  assert.deepEqual(lines(pod.validate(created(pod, { spec }))), [
    'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1500m',
    'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
  ])
})

test('of what nobody can be given too much of, the pod is limited to no less than its containers together', () => {
  const pages = (amount: string) => ({
    ...{ cpu: '1', memory: '1Gi', 'hugepages-2Mi': amount },
  })
  const ask = (amount: string) => ({ limits: pages(amount), requests: pages(amount) })
  const spec = {
    resources: ask('2Mi'),
    containers: [{ name: 'a', image: 'i', resources: ask('4Mi') }],
  }
  assert.deepEqual(lines(pod.validate(created(pod, { spec }))), [
    'spec.resources.requests[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container requests of 4Mi',
    'spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi',
    'spec.resources.containers[0][hugepages-2Mi].limits: Invalid value: "4Mi": must be less than or equal to pod limits of 2Mi',
  ])
})
