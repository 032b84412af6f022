/** The whole program with a KubeletConfiguration: the machine shuts down, its logs are queried, and its kubelet tells traces. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startCollector } from '#client/testing/otlp-collector.ts'
import { PrivateBus, whyNoBus } from '../../src/host/testing/private-bus.ts'
import { busyboxImage } from '../tools/busybox-image.ts'
import { eventually, ProaProcess, whyNotHere } from './proa-process.ts'

const reason = whyNotHere() ?? whyNoBus()
if (reason) console.log(`# skipped: ${reason}`)

const HEEDS = 'trap "exit 0" TERM; while true; do sleep 0.1; done'
const pod = (name: string, script: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 2,
      containers: [
        {
          ...{ name: 'c', image: busyboxImage, imagePullPolicy: 'Never' },
          command: ['sh', '-c', script],
        },
      ],
    },
  })

describe('a machine that shuts down', { skip: reason !== undefined, timeout: 600_000 }, () => {
  test('pods end, logs are told, traces are told, and a Proa that is stopped ends nobody', async () => {
    // Longer than the pods have: no file of this machine has to say more.
    const bus = new PrivateBus(60)
    const proa = new ProaProcess()
    const before = { ...process.env }
    await using collector = await startCollector()
    try {
      await bus.start()
      const programs = join(bus.directory, 'bin')
      mkdirSync(programs)
      const journal = join(programs, 'journalctl')
      writeFileSync(
        journal,
        '#!/bin/sh\n[ "$1" = --field ] && echo proa.service || echo "proa said"\n',
      )
      chmodSync(journal, 0o755)
      Object.assign(process.env, {
        DBUS_SYSTEM_BUS_ADDRESS: bus.address,
        PATH: `${programs}:${before.PATH}`,
      })
      const file = join(bus.directory, 'kubelet.yaml')
      writeFileSync(
        file,
        `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
shutdownGracePeriod: 20s
shutdownGracePeriodCriticalPods: 5s
enableSystemLogQuery: true
tracing: { endpoint: "${collector.endpoint}", samplingRatePerMillion: 1000000 }
`,
      )
      proa.loadImage()
      await proa.start('--kubelet-config', file)
      const { kubectl } = proa
      const raw = (path: string) => kubectl.run(['get', '--raw', `/api/v1/nodes/here/proxy${path}`])
      for (const [name, script] of Object.entries({ heeds: HEEDS, stays: HEEDS }))
        await kubectl.run(['apply', '-f', '-'], { input: pod(name, script) })
      await kubectl.run('wait --for=condition=Ready pod/heeds pod/stays --timeout=150s')
      assert.equal(await raw('/logs/?query=proa'), 'proa said\n')
      await assert.rejects(raw('/logs/?query=proa&boot=1'), /boot: Invalid value: 1: must be less/)

      // A Proa that is stopped lets go of its lock, and its pods run on.
      await bus.seen(() => bus.count('inhibit') === 1)
      await proa.end('SIGTERM')
      await bus.seen(() => bus.count('released') === 1)
      await proa.start('--kubelet-config', file)
      const phases = () => kubectl.run(['get', 'pods', '-o', 'jsonpath={.items[*].status.phase}'])
      assert.equal(await phases(), 'Running Running')

      await bus.seen(() => bus.count('inhibit') === 2)
      bus.tell('shutdown')
      await bus.seen(() => bus.count('released') === 2)
      assert.equal(await phases(), 'Succeeded Succeeded')
      const ready = '{.status.conditions[?(@.type=="Ready")].message}'
      assert.equal(
        await kubectl.run(['get', 'node', 'here', '-o', `jsonpath=${ready}`]),
        'node is shutting down',
      )
      await proa.end('SIGTERM')
      await eventually(async () => collector.spans.some(({ name }) => name === 'syncPod'))
      const calls = collector.spans.filter(({ name }) => name.endsWith('/StartContainer'))
      const byId = new Map(collector.spans.map(span => [span.spanId, span.name]))
      assert.deepEqual(
        new Set(calls.map(call => byId.get(call.parentSpanId))),
        new Set(['syncPod']),
      )
    } finally {
      process.env.PATH = before.PATH
      delete process.env.DBUS_SYSTEM_BUS_ADDRESS
      await proa.end('SIGTERM')
      proa.reset()
      await bus.stop()
      rmSync(proa.directory, { recursive: true, force: true })
    }
  })
})
