/** Probes and hooks: what starts, restarts, holds back and ends a container. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../proa-process.ts'
import { type Bench, container, FOREVER, podOf, podRunning, serviceOf } from './bench.ts'

/** A gRPC health service that says SERVING, for the Node of the host. */
const GRPC_SERVER = `
const server = require('node:http2').createServer()
server.on('stream', stream => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.resume()
  stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]))
})
server.listen(9000)`

/** The host's files below /host, for programs that busybox does not have. */
export const HOST_FILES = {
  mounts: {
    volumeMounts: [{ name: 'host', mountPath: '/host' }],
  },
  volumes: [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }],
}

export function lifeCases(bench: Bench): void {
  const { kubectl } = bench
  const restarts = (pod: string) =>
    bench.field(`pod ${pod}`, '.status.containerStatuses[0].restartCount')

  test('probes of all four kinds', async () => {
    const often = { periodSeconds: 1, failureThreshold: 30 }
    const web = 'echo ok > /www/health; exec httpd -f -p 8080 -h /www'
    await bench.apply(
      podRunning('probe-http', web, {
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { httpGet: { path: '/health', port: 'http' }, ...often },
        livenessProbe: { tcpSocket: { port: 8080 }, ...often },
        startupProbe: { exec: { command: ['test', '-e', '/www/health'] }, ...often },
      }),
      podRunning('probe-none', web, {
        readinessProbe: { httpGet: { path: '/none', port: 8080 }, ...often },
      }),
      podOf('probe-grpc', {
        volumes: HOST_FILES.volumes,
        containers: [
          {
            ...container('c', '', {
              ...HOST_FILES.mounts,
              readinessProbe: { grpc: { port: 9000 }, ...often },
            }),
            command: ['chroot', '/host', process.execPath, '-e', GRPC_SERVER],
          },
        ],
      }),
    )
    await bench.ready('probe-http', 'probe-grpc')
    await eventually(async () =>
      (await bench.events('probe-none')).some(event =>
        event.startsWith(
          'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404',
        ),
      ),
    )
    assert.equal(await bench.field('pod probe-none', '.status.containerStatuses[0].ready'), 'false')
    await bench.delete('probe-http', 'probe-none', 'probe-grpc')
  })

  test('a failed liveness probe restarts, readiness decides over endpoints, startup holds back', async () => {
    const exists = (path: string, more: object = {}) => ({
      exec: { command: ['test', '-e', path] },
      periodSeconds: 1,
      failureThreshold: 1,
      ...more,
    })
    await bench.apply(
      podRunning('lively', `touch /alive; ${FOREVER}`, { livenessProbe: exists('/alive') }),
      podRunning('moody', `touch /ready; ${FOREVER}`, { readinessProbe: exists('/ready') }),
      serviceOf('moody', { ports: [{ port: 80 }] }),
      podRunning('slow', FOREVER, {
        startupProbe: exists('/up', { failureThreshold: 60 }),
        livenessProbe: exists('/alive'),
      }),
    )
    const addresses = () => bench.field('endpoints moody', '.subsets[*].addresses[*].ip')
    await bench.ready('lively', 'moody')
    await eventually(async () => (await addresses()) !== '')
    await Promise.all([bench.says('lively', 'rm /alive'), bench.says('moody', 'rm /ready')])
    await eventually(async () => (await addresses()) === '')
    await eventually(async () => (await restarts('lively')) === '1')
    const events = (await bench.events('lively')).join('\n')
    assert.match(events, /^Unhealthy: Liveness probe failed:/m)
    assert.match(events, /^Killing: Container c failed liveness probe, will be restarted$/m)
    await bench.says('moody', 'touch /ready')
    await eventually(async () => (await addresses()) !== '')
    // By now its liveness probe would have failed, had it begun.
    assert.deepEqual(
      [
        await restarts('slow'),
        await bench.field('pod slow', '.status.containerStatuses[0].started'),
      ],
      ['0', 'false'],
    )
    await bench.says('slow', 'touch /alive /up')
    await bench.ready('slow')
    await bench.delete('lively', 'moody', 'slow')
  })

  test('hooks: after the start, before the end', async () => {
    const volumes = [
      { name: 'x', hostPath: { path: `${bench.scratch}/hooks`, type: 'DirectoryOrCreate' } },
    ]
    const x = { volumeMounts: [{ name: 'x', mountPath: '/x' }] }
    const exec = (script: string) => ({ exec: { command: ['sh', '-c', script] } })
    await bench.apply(
      podRunning(
        'hooked',
        'trap "echo term >> /x/hooks; exit 0" TERM; while :; do sleep 0.05; done',
        {
          ...x,
          lifecycle: {
            postStart: exec('echo started >> /x/hooks'),
            preStop: exec('echo stopping >> /x/hooks; sleep 0.3; echo stopped >> /x/hooks'),
          },
        },
        { volumes, terminationGracePeriodSeconds: 10 },
      ),
      podRunning('bad-hook', FOREVER, { lifecycle: { postStart: exec('exit 3') } }),
    )
    await bench.ready('hooked')
    await kubectl.run('delete pod hooked')
    const { lines } = await bench.outcome(podRunning('hooks', 'cat /x/hooks', x, { volumes }))
    assert.deepEqual(lines, ['started', 'stopping', 'stopped', 'term'])
    await eventually(async () =>
      (await bench.events('bad-hook')).some(event => event.startsWith('FailedPostStartHook: ')),
    )
    await eventually(async () => Number(await restarts('bad-hook')) > 0)
    await bench.delete('bad-hook')
  })
}
