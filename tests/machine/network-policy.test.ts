/** Network policies on a node of real containers: from a pod's very first moment on, through restarts and losses, until the policy goes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { busyboxImage } from '../tools/busybox-image.ts'
import { eventually, NO_TRACES, ownIds, ProaProcess, traces, whyNotHere } from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

const podOf = (name: string, namespace: string, script: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'c', image: busyboxImage, command: ['sh', '-c', script], ...more }],
  },
})
const policyOf = (name: string, namespace: string, spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
})
/** One of the policies that the guide shows. */
const ofDocs = (name: string) => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/network-policy.md'), 'utf8')
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(guide) ?? []
  return yaml.split('---\n').find(text => text.includes(`name: ${name} }`)) ?? assert.fail(name)
}
const spaceOf = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
const ask = (host: string, seconds = 2) =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w ${seconds} ${host} 80`
const serve = 'echo heard > /www/index.html; exec httpd -f -p 80 -h /www'
/** Tries before anything else can have happened, and goes on for a while; then tells how it fared. */
const tryAtOnce = (host: string) =>
  `for n in 1 2 3 4 5 6; do if ${ask(host, 1)} 2>/dev/null | grep -q heard; then echo "try $n: heard"; else echo "try $n: nothing"; fi; done; echo over; sleep 1000`

describe('network policies on a node of containers', { skip: reason !== undefined }, () => {
  const proa = new ProaProcess()
  const { kubectl } = proa
  const table = ['table', 'inet', `${proa.layout.instance}-policy`]
  const apply = (...items: object[]) =>
    kubectl.run('apply -f -', {
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    })
  const hears = async (pod: string, host: string) =>
    (await kubectl.try(['exec', '-n', 'open', pod, '--', 'sh', '-c', ask(host)])).stdout.includes(
      'heard',
    )
  let server = ''

  before(async () => {
    await proa.start()
    void proa.death().then(words => console.log(`# proa is gone: ${words}`))
    proa.loadImage()
    await apply(spaceOf('open'), spaceOf('shut'))
    const probe = { readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 } }
    await apply(podOf('client', 'open', 'sleep 1000'), podOf('server', 'open', serve, probe))
    await kubectl.run('wait -n open --for=condition=Ready pod/client pod/server --timeout=150s')
    server = await kubectl.run('get pod server -n open -o jsonpath={.status.podIP}')
  })
  after(async () => {
    await proa.end('SIGTERM')
    assert.equal(proa.reset().code, 0)
  })

  test('there is no table before there is a policy', async () => {
    assert.notEqual(spawnSync('nft', ['list', ...table]).status, 0)
    assert.ok(await hears('client', server))
  })

  test('a new pod never gets out where it may not, and at once where it may', async () => {
    await kubectl.run('apply -n shut -f -', { input: ofDocs('deny') })
    await apply(
      policyOf('free', 'shut', {
        podSelector: { matchLabels: { app: 'free' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ namespaceSelector: {} }] }],
      }),
    )
    await apply(
      podOf('caught', 'shut', tryAtOnce(server)),
      podOf('free', 'shut', tryAtOnce(server)),
      podOf('elsewhere', 'open', tryAtOnce(server)),
    )
    const log = async (namespace: string, pod: string) => {
      let text = ''
      await eventually(async () => {
        text = (await kubectl.try(['logs', '-n', namespace, pod])).stdout
        return text.includes('over')
      })
      return text.trim().split('\n')
    }
    const [caught, free, elsewhere] = await Promise.all([
      log('shut', 'caught'),
      log('shut', 'free'),
      log('open', 'elsewhere'),
    ])
    const tries = [1, 2, 3, 4, 5, 6]
    assert.deepEqual(caught, [...tries.map(n => `try ${n}: nothing`), 'over'])
    for (const lines of [free, elsewhere]) assert.equal(lines[0], 'try 1: heard')
  })

  test('an isolated pod passes its probes, and hears from whom it may', async () => {
    const probe = { readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 } }
    await apply(podOf('kept', 'shut', serve, probe))
    await kubectl.run('wait -n shut --for=condition=Ready pod/kept --timeout=150s')
    const kept = await kubectl.run('get pod kept -n shut -o jsonpath={.status.podIP}')
    assert.equal(await hears('client', kept), false)
    await kubectl.run('apply -n shut -f -', { input: ofDocs('guests') })
    assert.equal(await hears('client', kept), false)
    await kubectl.run('label namespace open guest=yes')
    await eventually(() => hears('client', kept))
    await kubectl.run('label namespace open guest-')
    await eventually(async () => !(await hears('client', kept)))
  })

  test('names are answered where a policy lets pods of the DNS be asked', async () => {
    const asks = async () =>
      (await kubectl.try('exec -n shut kept -- nslookup kubernetes.default.svc.cluster.local'))
        .stdout
    assert.doesNotMatch(await asks(), /Name:/)
    await kubectl.run('apply -n shut -f -', { input: ofDocs('dns') })
    await eventually(async () => /Name:/.test(await asks()))
  })

  test('holds while proa is away, comes back where somebody removes it, and goes with the policy', async () => {
    const kept = await kubectl.run('get pod kept -n shut -o jsonpath={.status.podIP}')
    await proa.end('SIGKILL')
    assert.equal(spawnSync('nft', ['list', ...table]).status, 0)
    await proa.start()
    assert.equal(await hears('client', kept), false)
    assert.equal(spawnSync('nft', ['delete', ...table]).status, 0)
    await eventually(() => spawnSync('nft', ['list', ...table]).status === 0)
    assert.equal(await hears('client', kept), false)
    await kubectl.run('delete networkpolicy --all -n shut')
    await eventually(() => hears('client', kept))
    await eventually(() => spawnSync('nft', ['list', ...table]).status !== 0)
  })

  test('a reset leaves nothing of it', async () => {
    await apply(policyOf('deny', 'shut', { podSelector: {} }))
    await eventually(() => spawnSync('nft', ['list', ...table]).status === 0)
    const ids = ownIds(proa)
    await proa.end('SIGTERM')
    assert.equal(spawnSync('nft', ['list', ...table]).status, 0)
    assert.equal(proa.reset().code, 0)
    assert.deepEqual(await traces(proa, ids), NO_TRACES)
  })
})
