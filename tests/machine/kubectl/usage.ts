/** What containers really use, as `kubectl top` shows it, autoscalers act on it and a metrics server that runs alone tells it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { systemClock } from '#host/clock.ts'
import { eventually, main } from '../proa-process.ts'
import { type Bench, container, FOREVER, type Json, NAMESPACE, podRunning } from './bench.ts'

const BUSY = 'while :; do :; done'
/** A fifth of a core is enough to be seen, and leaves the rest to the other tests. */
const modest = { resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } } }

export function usageCases(bench: Bench): void {
  const { kubectl } = bench
  const top = async (words: string, name: string) => {
    const { stdout } = await kubectl.try(`top ${words} --no-headers`)
    const row = stdout.split('\n').find(line => line.startsWith(`${name} `))
    const [, cores, memory] = /^\S+ +(\d+)m +(?:\d+% +)?(\d+)Mi/.exec(row ?? '') ?? []
    return cores === undefined ? undefined : { cores: Number(cores), memory: Number(memory) }
  }

  test('kubectl top tells who is busy and who is not', async () => {
    await bench.apply(podRunning('busy', BUSY, modest), podRunning('idle', FOREVER))
    await bench.ready('busy', 'idle')
    const busy = await eventually(async () => {
      const used = await top('pod', 'busy')
      return used && used.cores > 100 && used
    })
    // What the kernel gives is not measured to the last millisecond.
    assert.ok(busy.cores < 300, `${busy.cores}m of a limit of 200m`)
    const idle = await eventually(() => top('pod', 'idle'))
    assert.ok(idle.cores <= 20, `${idle.cores}m of a pod that sleeps`)
    const node = await eventually(() => top('node', 'here'))
    assert.ok(node.cores >= busy.cores / 2 && node.memory > 50, JSON.stringify(node))
    assert.match(await kubectl.run('top pod busy --containers'), /^busy +c +\d+m/m)
    await bench.delete('busy', 'idle')
    await eventually(async () => (await top('pod', 'busy')) === undefined)
  })

  test('an autoscaler gives a busy Deployment more pods', async () => {
    const labels = { app: 'scaled' }
    await bench.apply(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'scaled' },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { terminationGracePeriodSeconds: 0, containers: [container('c', BUSY, modest)] },
          },
        },
      },
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'scaled' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' },
          maxReplicas: 2,
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
            },
          ],
        },
      },
    )
    await eventually(
      async () => (await bench.field('deployment scaled', '.status.readyReplicas')) === '2',
      180_000,
    )
    const { status }: Json = await bench.get('hpa scaled')
    assert.ok(status.currentMetrics[0].resource.current.averageUtilization > 50)
    assert.ok(
      (await bench.events('scaled')).some(event => event.startsWith('SuccessfulRescale: New size')),
    )
    await kubectl.run('delete hpa,deployment scaled')
  })

  test('a metrics server of its own tells the same, to those who may ask', async () => {
    const flags = ['--kubeconfig', bench.kubeconfig, '--kubelet-use-node-status-port']
    const words = ['metrics-server', ...flags, '--kubelet-preferred-address-types', 'InternalIP']
    const child = spawn(process.execPath, [main, ...words, '--secure-port', '0'])
    try {
      const server = `https://127.0.0.1:${await portIn(child)}`
      const admin = await connectionFromKubeconfig(readFileSync(bench.kubeconfig, 'utf8'), {
        read: async () => assert.fail(),
        resolve: name => name,
      })
      const at = '/apis/metrics.k8s.io/v1beta1'
      const ask = async (path: string, isKnown = true) => {
        const { clientCertificate, clientKey } = admin
        const known =
          isKnown && clientCertificate && clientKey ? { clientCertificate, clientKey } : {}
        const transport = createHttpTransport(
          { server, namespace: '', insecureSkipTlsVerify: true, ...known },
          { clock: systemClock },
        )
        const { status, body } = await transport.request({ method: 'GET', path, objects: true })
        await transport.close()
        return { status, body: body.kind === 'object' ? (body.object as Json) : undefined }
      }
      const nodes = await eventually(async () => {
        const { body } = await ask(`${at}/nodes`)
        return body?.items?.length > 0 && body.items
      })
      assert.equal(nodes[0].metadata.name, 'here')
      assert.equal((await ask(`${at}/namespaces/${NAMESPACE}/pods`)).status, 200)
      assert.equal((await ask(`${at}/nodes`, false)).status, 403)
      assert.equal((await ask('/readyz', false)).status, 200)
      assert.equal((await ask('/metrics')).status, 200)
    } finally {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      assert.equal((await exited)[0], 0)
    }
  })
}

/** Which port it took. */
async function portIn(child: ChildProcess): Promise<number> {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', more => {
      text += more
    })
  return eventually(() => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${text}`)
    const [, port] = /the secure port is open.*"port":(\d+)/.exec(text) ?? []
    return port === undefined ? undefined : Number(port)
  })
}
