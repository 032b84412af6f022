/** Processors of their own for containers, as the kernel has it: started with the flags, killed, started again, and with other flags. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { busyboxImage } from '../tools/busybox-image.ts'
import { eventually, ProaProcess, whyNotHere } from './proa-process.ts'

const reason =
  whyNotHere() ??
  (availableParallelism() < 2 ? 'this machine has one processor, which all share' : undefined)
if (reason) console.log(`# skipped: ${reason}`)

const GROUPS = '/sys/fs/cgroup'
const ALL = `0-${availableParallelism() - 1}`

const podOf = (name: string, resources: object) =>
  JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: busyboxImage, command: ['sleep', '1000'], resources }],
    },
  })
const both = (cpu: string) => ({ cpu, memory: '32Mi' })

describe('a node that divides its processors', {
  skip: reason !== undefined,
  timeout: 300_000,
}, () => {
  const flags = ['--cpu-manager-policy', 'static', '--reserved-cpus', '0']
  const proa = new ProaProcess('containerd', flags)
  const { kubectl } = proa
  const field = (pod: string, path: string) =>
    kubectl.run(['get', 'pod', pod, '-o', `jsonpath={${path}}`])

  /** Where the kernel lets the pod's container run. */
  async function cpusOf(pod: string): Promise<string> {
    const id = (await field(pod, '.status.containerStatuses[0].containerID')).split('//')[1] ?? ''
    const uid = await field(pod, '.metadata.uid')
    const tier = (await field(pod, '.status.qosClass')).toLowerCase()
    const group = `${proa.layout.instance}${tier === 'guaranteed' ? '' : `/${tier}`}/pod${uid}/${id}`
    const version1 = join(GROUPS, 'cpuset', group, 'cpuset.cpus')
    const file = existsSync(version1) ? version1 : join(GROUPS, group, 'cpuset.cpus')
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  }
  const quotaOf = async (pod: string) => {
    const uid = await field(pod, '.metadata.uid')
    const file = join(GROUPS, 'cpu', proa.layout.instance, `pod${uid}`, 'cpu.cfs_quota_us')
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : '-1'
  }
  const is = (pod: string, wanted: string) =>
    eventually(async () => (await cpusOf(pod).catch(() => '')) === wanted).catch(async error => {
      throw new Error(`${error} ${await cpusOf(pod)}\n${await kubectl.run(`describe pod ${pod}`)}`)
    })

  before(async () => {
    proa.loadImage()
    await proa.start()
    await eventually(async () => (await kubectl.try('get serviceaccount default')).code === 0)
  })
  after(async () => {
    await proa.end('SIGTERM')
    assert.equal(proa.reset().code, 0)
  })

  test('one that asks for a whole one has it alone, and the others move over', async () => {
    await kubectl.run('create -f -', { input: podOf('shared', {}) })
    await is('shared', ALL)
    await kubectl.run('create -f -', {
      input: podOf('alone', { requests: both('1'), limits: both('1') }),
    })
    await is('alone', '1')
    assert.ok(!(await cpusOf('shared')).includes('1'), await cpusOf('shared'))
    assert.equal(await quotaOf('alone'), '-1', 'nothing is to slow it down there')
    const node = JSON.parse(await kubectl.run('get node here -o json'))
    assert.equal(node.status.capacity.cpu, String(availableParallelism()))
    assert.equal(node.status.allocatable.cpu, String(availableParallelism() - 1))
  })

  test('a node that is killed and starts again knows it', async () => {
    await proa.end('SIGKILL')
    await proa.start()
    await kubectl.run('create -f -', { input: podOf('later', {}) })
    await is('later', await cpusOf('shared'))
    await is('alone', '1')
  })

  test('with another policy it does not start until the file is gone', async () => {
    await proa.end('SIGTERM')
    proa.flags = []
    await assert.rejects(
      proa.start(),
      /ended with 1: .*configured policy "none" differs from state checkpoint policy "static", please drain this node and delete the CPU manager checkpoint file/s,
    )
    proa.flags = flags
    await proa.start()
  })

  test('what one had alone is everybody’s when it is gone', async () => {
    await kubectl.run('delete pod alone')
    for (const pod of ['shared', 'later']) await is(pod, ALL)
  })
})
