/** Proa and containerd are killed while pods work: nobody who asks them notices. Then the node is drained. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { test } from 'node:test'
import { findProcesses, signalProcess } from '#host/background-process.ts'
import { eventually } from '../proa-process.ts'
import {
  type Bench,
  container,
  FOREVER,
  fetchScript,
  linesOf,
  podRunning,
  serviceOf,
} from './bench.ts'

const READY = { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }
const PAGE = 'echo page > /www/index.html; exec httpd -f -p 8080 -h /www'

const deployment = (name: string, replicas: number, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [container('c', PAGE, READY)],
        ...more,
      },
    },
  },
})

export function adoptionCases(bench: Bench): void {
  const { kubectl, proa } = bench
  const own = '-l app=steady'
  const identity = async () => ({
    ids: await bench.field(`pods ${own}`, '.items[*].status.containerStatuses[*].containerID'),
    restarts: await bench.field(
      `pods ${own}`,
      '.items[*].status.containerStatuses[*].restartCount',
    ),
  })

  test('traffic goes on and pods stay who they are while Proa is killed and started again', async () => {
    await bench.apply(
      deployment('steady', 2),
      serviceOf('steady', { ports: [{ port: 80, targetPort: 8080 }] }),
      podRunning('watcher', FOREVER),
    )
    await kubectl.run('rollout status deployment/steady --timeout=150s')
    await bench.ready('watcher')
    const ip = await bench.field('service steady', '.spec.clusterIP')
    await eventually(async () =>
      /page/.test((await bench.inPod('watcher', fetchScript(ip, 80))).stdout),
    )
    const was = await identity()
    const traffic = new Traffic(ip)
    await traffic.flows()
    assert.equal(await proa.end('SIGKILL'), 'SIGKILL')
    await traffic.flows()
    console.log(`# started again with pods: ${Math.round(await proa.start())} ms`)
    await traffic.flows()
    await bench.ready('watcher')
    await eventually(async () => (await bench.inPod('watcher', 'echo here')).stdout === 'here\n')
    assert.deepEqual(await traffic.end(), [])
    assert.deepEqual(await identity(), was)
    await bench.apply(podRunning('speaker', `echo said; ${FOREVER}`))
    await bench.ready('speaker')
    await eventually(async () => (await kubectl.run('logs speaker')) === 'said\n')
    await kubectl.run('rollout restart deployment/steady')
    await kubectl.run('rollout status deployment/steady --timeout=150s')
    // The old ones are still on their way out.
    await eventually(async () => (await identity()).restarts === '0 0')
    assert.notEqual((await identity()).ids, was.ids)
  })

  test('traffic goes on and pods stay who they are while containerd is killed and comes back', async () => {
    const was = await identity()
    const traffic = new Traffic(await bench.field('service steady', '.spec.clusterIP'))
    await traffic.flows()
    const find = () =>
      findProcesses(
        words => words.includes('--config') && words.some(word => word.startsWith(proa.directory)),
      )
    const [daemon = 0] = await find()
    assert.ok(daemon > 0)
    signalProcess(daemon, 'SIGKILL')
    await eventually(async () => (await find()).some(id => id !== daemon))
    await eventually(
      async () => (await bench.inPod('watcher', 'echo here')).stdout === 'here\n',
      40_000,
    )
    assert.equal(await kubectl.run('logs speaker'), 'said\n')
    assert.deepEqual(await traffic.end(), [])
    assert.deepEqual(await identity(), was)
    await kubectl.run('delete pod speaker --now')
  })

  test('drain moves pods away, waits for them, and keeps to disruption of bare pods', async () => {
    const flags = '--pod-selector=app=drained --timeout=150s'
    await bench.apply(deployment('drained', 2), podRunning('bare', FOREVER, {}, {}))
    await kubectl.run('label pod bare app=drained --overwrite')
    await kubectl.run('rollout status deployment/drained --timeout=150s')
    await bench.ready('bare')
    assert.match(
      await kubectl.fails(`drain here ${flags}`),
      /cannot delete Pods that declare no controller/,
    )
    assert.match(await kubectl.run(`drain here ${flags} --force`), /node\/here drained/)
    assert.match(await kubectl.run('get node here'), /Ready,SchedulingDisabled/)
    assert.match(await kubectl.fails('get pod bare'), /not found/)
    await eventually(async () =>
      /^(0|)$/.test(await bench.field('deployment drained', '.status.readyReplicas')),
    )
    await kubectl.run('uncordon here')
    await kubectl.run('rollout status deployment/drained --timeout=150s')
    await kubectl.run('delete deployment drained steady --wait')
    await eventually(
      async () => linesOf(await kubectl.run('get pods -l app=drained -o name')).length === 0,
    )
  })
}

/** Asks for a page from the node again and again, one request at a time, and keeps what went wrong. */
class Traffic {
  readonly #failures: string[] = []
  readonly #child: ChildProcess
  #answers = 0

  constructor(ip: string) {
    const once = fetchScript(ip, 80).replace('nc', 'busybox nc')
    const script = `while :; do ${once} 2>&1 | tail -1; sleep 0.02; done`
    this.#child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout?.on('data', text => {
      for (const line of linesOf(String(text)))
        if (line === 'page') this.#answers++
        else this.#failures.push(line)
    })
  }

  /** Resolves once some more requests were answered. */
  async flows(): Promise<void> {
    const wanted = this.#answers + 20
    await eventually(() => this.#answers >= wanted || this.#failures.length > 0)
  }

  async end(): Promise<string[]> {
    await this.flows()
    const ended = new Promise(resolve => this.#child.once('close', resolve))
    this.#child.kill('SIGTERM')
    await ended
    return this.#failures
  }
}
