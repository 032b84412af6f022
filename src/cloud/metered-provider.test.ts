import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { createFigureBook } from '#base/figures.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { meterProvider } from './metered-provider.ts'
import type { CloudProvider, Instances } from './provider.ts'

const node = {} as Node
const providerOf = (instanceExists: Instances['instanceExists']): CloudProvider => ({
  name: 'my-cloud',
  instances: { instanceExists } as Instances,
})

function setUp(instanceExists: Instances['instanceExists']) {
  const clock = createManualClock()
  const figures = createFigureBook()
  const { instances } = meterProvider(providerOf(instanceExists), figures, clock)
  assert.ok(instances)
  const valuesOf = (name: string, suffix?: string) =>
    figures
      .source()
      .find(figure => figure.name === name)
      ?.values.filter(sample => sample.suffix === suffix)
      .map(({ labels, value }) => [labels.request, value])
  return { clock, instances, valuesOf }
}

test('a request is counted with the time that it took, under a name that metrics may have', async () => {
  const { clock, instances, valuesOf } = setUp(
    () => new Promise(resolve => clock.after(3_000, () => resolve(true))),
  )
  const asked = instances.instanceExists(node, new AbortController().signal)
  await clock.advance(3_000)
  assert.equal(await asked, true)
  const name = 'cloudprovider_my_cloud_api_request_duration_seconds'
  assert.deepEqual(valuesOf(name, '_sum'), [['InstanceExists', 3]])
  assert.deepEqual(valuesOf('cloudprovider_my_cloud_api_request_errors'), [])
  assert.equal(clock.pending, 0)
})

test('what fails is counted, also where it is thrown at once', async () => {
  const { instances, valuesOf } = setUp(() => {
    throw new Error('no')
  })
  await assert.rejects(instances.instanceExists(node, new AbortController().signal), {
    message: 'no',
  })
  assert.deepEqual(valuesOf('cloudprovider_my_cloud_api_request_errors'), [['InstanceExists', 1]])
})

test('a provider that never answers keeps nobody: not beyond the signal, and not for ever', async () => {
  const { clock, instances, valuesOf } = setUp(() => new Promise(() => {}))
  const stopping = new AbortController()
  const asked = instances.instanceExists(node, stopping.signal)
  stopping.abort(new Error('over'))
  await assert.rejects(asked, { message: 'over' })
  await assert.rejects(instances.instanceExists(node, stopping.signal), { message: 'over' })
  const refused = assert.rejects(instances.instanceExists(node, new AbortController().signal), {
    message: 'the cloud did not answer InstanceExists within 30 minutes',
  })
  await clock.advance(30 * 60_000)
  await refused
  assert.deepEqual(valuesOf('cloudprovider_my_cloud_api_request_errors'), [['InstanceExists', 3]])
  assert.equal(clock.pending, 0)
})
