/** Shutdowns, queries of logs and traces: what upstream's kubelet does and tells, Proa's does and tells. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { event as eventKind } from '#api/core/v1/event.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { silentLog as log } from '#base/log.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { startCollector, type ToldSpan } from '#client/testing/otlp-collector.ts'
import { systemClock as clock } from '#host/clock.ts'
import { openMachine } from '#host/machine/machine.ts'
import { machineShutdowns } from '#host/machine/shutdowns.ts'
import { systemRandom as random } from '#host/random.ts'
import { kubeletSpans } from '../../../src/cluster/kubelet-spans.ts'
import { remoteContext } from '../../../src/cluster/remote-context.ts'
import { PrivateBus, whyNoBus } from '../../../src/host/testing/private-bus.ts'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { eventually, type ProaProcess, whyNotHere } from '../proa-process.ts'
import {
  kubeletProgram,
  type Node,
  UPSTREAM_PORT,
  withCluster,
  withNode,
  withProa,
  withUpstream,
} from './kubelet-days.ts'

const reason =
  whyNotHere() ??
  whyNoBus() ??
  (kubeletProgram() ? undefined : 'there is no kubelet here; TEST_ASSET_KUBELET may name one')
if (reason) console.log(`# skipped: ${reason}`)

/** Longer than pods may take together, so that no file of this machine has to say more. */
const LOGIND_DELAY_SECONDS = 60
const TOTAL_SECONDS = 20
const CRITICAL_SECONDS = 8

interface Answer {
  readonly status: number
  readonly text: string
}
type Ask = (path: string) => Promise<Answer>

interface Life {
  readonly pods: Readonly<Record<string, unknown>>
  readonly ready: unknown
  readonly readyAgain: unknown
  readonly events: readonly string[]
  readonly locks: readonly unknown[]
  readonly state: Readonly<Record<string, string>>
  readonly figures: readonly string[]
  readonly answers: Readonly<Record<string, string>>
  readonly spans: readonly ToldSpan[]
}

describe('lives of two kubelets', { skip: reason !== undefined, timeout: 400_000 }, () => {
  let theirs: Life
  let ours: Life
  before(async () => {
    await withCluster(async cluster => {
      theirs = await lifeOf(cluster, 'theirs')
      ours = await lifeOf(cluster, 'ours')
    })
  })

  test('pods that end for a shutdown tell so', () => {
    assert.equal(Object.keys(theirs.pods).length, 6)
    assert.deepEqual(ours.pods, theirs.pods)
  })

  test('the node tells so, too, and is ready again when it does not come', () => {
    assert.deepEqual(theirs.ready, ['False', 'KubeletNotReady', 'node is shutting down'])
    assert.deepEqual(ours.ready, theirs.ready)
    assert.deepEqual(ours.readyAgain, theirs.readyAgain)
    assert.deepEqual(ours.events, theirs.events)
  })

  test('logind is asked for the same lock, which is let go of and taken again', () => {
    // Taken, let go of and taken; upstream's is sometimes changed for another once more.
    const locks = ours.locks.slice(0, 3)
    assert.equal(locks.length, 3)
    assert.deepEqual(locks, theirs.locks.slice(0, 3))
  })

  test('times are kept and told', () => {
    assert.deepEqual(Object.keys(ours.state), Object.keys(theirs.state))
    for (const { state } of [theirs, ours])
      assert.ok(Date.parse(state.endTime ?? '') > Date.parse(state.startTime ?? ''))
    assert.deepEqual(ours.figures, theirs.figures)
  })

  test('logs are queried and refused alike', () => {
    assert.deepEqual(ours.answers, theirs.answers)
  })

  test('spans have upstream’s names, kinds and attributes', () => {
    const shapes = ({ spans }: Life, wanted: ReadonlySet<string>) => {
      const byId = new Map(spans.map(span => [span.spanId, span.name]))
      return [
        ...new Set(
          spans
            .filter(({ name }) => wanted.has(name))
            .map(({ name, kind, attributes, parentSpanId, service }) =>
              JSON.stringify([
                ...[service, name, kind, byId.get(parentSpanId) ?? ''],
                Object.keys(attributes)
                  .filter(key => !UNTOLD.has(key))
                  .sort(),
              ]),
            ),
        ),
      ].sort()
    }
    const ofPods = new Set(['syncPod', 'syncTerminatingPod', 'syncTerminatedPod'])
    assert.deepEqual(shapes(ours, ofPods), shapes(theirs, ofPods))
    assert.equal(shapes(ours, ofPods).length, 3)
    for (const call of ['RunPodSandbox', 'CreateContainer', 'StartContainer', 'StopContainer']) {
      const name = new Set([`runtime.v1.RuntimeService/${call}`])
      assert.deepEqual(shapes(ours, name), shapes(theirs, name))
      assert.equal(shapes(ours, name).length, 1, call)
    }
    const server = new Set(['/logs/', '/logs/{logpath:*}'])
    assert.deepEqual(shapes(ours, server), shapes(theirs, server))
    const requestOf = ({ spans }: Life) => {
      const { kind, attributes = {} } = spans.find(({ name }) => name === 'HTTP POST') ?? {}
      return [kind, Object.keys(attributes).filter(key => !UNTOLD.has(key) && key !== 'error.type')]
    }
    assert.deepEqual(requestOf(ours), requestOf(theirs))
  })
})

/** Of connections, of which the kubelet does not know behind what is in front of it. */
const UNTOLD = new Set([
  ...['network.peer.address', 'network.peer.port', 'client.address', 'network.protocol.version'],
  'user_agent.original',
])

async function lifeOf(cluster: ProaProcess, name: 'theirs' | 'ours'): Promise<Life> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-kubelet-life-'))
  const bus = new PrivateBus(LOGIND_DELAY_SECONDS)
  const path = process.env.PATH ?? ''
  try {
    await bus.start()
    await using collector = await startCollector()
    const journal = journalIn(directory)
    const told = await withNode(name, async node => {
      if (name === 'theirs')
        return withUpstream(cluster, node, () => live(cluster, { node, bus, ask: askUpstream }), {
          configuration: {
            enableSystemLogQuery: true,
            shutdownGracePeriod: `${TOTAL_SECONDS}s`,
            shutdownGracePeriodCriticalPods: `${CRITICAL_SECONDS}s`,
            tracing: { endpoint: collector.endpoint, samplingRatePerMillion: 1_000_000 },
          },
          environment: {
            DBUS_SYSTEM_BUS_ADDRESS: bus.address,
            PATH: `${journal}:${path}`,
          },
        })
      process.env.PATH = `${journal}:${path}`
      const tracing = { endpoint: collector.endpoint, samplingRatePerMillion: 1_000_000 }
      const spans = await kubeletSpans(tracing, name, { clock, random, log })
      const hostAccess = {
        ...openMachine(node.directory),
        shutdowns: machineShutdowns({
          busAddress: bus.address,
          dropInDirectory: bus.dropInDirectory,
        }),
      }
      const result = await withProa(
        cluster,
        node,
        (_, transport) =>
          live(cluster, {
            ...{ node, bus },
            async ask(path) {
              const { status, body } = await transport.request({ method: 'GET', path })
              return { status, text: await textOf(body) }
            },
          }),
        {
          hostAccess,
          answersLogQueries: true,
          shutdownPeriods: [
            { priority: 0, seconds: TOTAL_SECONDS - CRITICAL_SECONDS },
            { priority: 2_000_000_000, seconds: CRITICAL_SECONDS },
          ],
        },
        spans?.spans,
      )
      await spans?.stop()
      return result
    })
    return { ...told, spans: collector.spans }
  } finally {
    process.env.PATH = path
    await bus.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A directory with a `journalctl` that knows two units, and tells what it was asked for of them. */
function journalIn(directory: string): string {
  const program = join(directory, 'journalctl')
  writeFileSync(
    program,
    `#!/bin/sh
if [ "$1" = --field ]; then printf 'kubelet.service\\ncontainerd.service\\n'; exit 0; fi
for word in "$@"; do case "$word" in --unit=*) echo "lines of $word";; esac; done
`,
  )
  chmodSync(program, 0o755)
  return directory
}

/** What upstream's kubelet of v1.36.3 refuses although its documentation has it: a file by a path with a slash in front. */
const QUERIES = [
  ...['query=kubelet', 'query=kubelet&query=containerd', 'query=kubelet&query=none'],
  ...['tailLines=10', 'tailLines=-1', 'tailLines=100001', 'tailLines=x', 'boot=0', 'boot=-1'].map(
    option => `query=kubelet&${option}`,
  ),
  ...['boot=1', 'boot=x', 'pattern=foo', 'pattern=f(oo', 'pattern=--help', 'boot=0&boot=1'].map(
    option => `query=kubelet&${option}`,
  ),
  ...['sinceTime=yesterday', 'sinceTime=2023-01-01T00:00:00Z', 'foo=bar'].map(
    option => `query=kubelet&${option}`,
  ),
  'query=kubelet&sinceTime=2023-01-02T00:00:00Z&untilTime=2023-01-01T00:00:00Z',
  ...['query=proa-none&tailLines=1', 'query=proa-none', 'query=proa-life.log', 'query=proa-life'],
  ...['query=proa-lives', 'query=proa-lives/proa-lives.log', 'query=proa-life.log&pattern=x'],
  ...['query=/a&pattern=x', 'query=/a&query=kubelet', 'query=/a&query=/b', 'query=', 'query=%20'],
  ...['query=-u', 'query=--help', 'query=a%20b', 'query=a%26b', 'query=a*', 'query=a%0Ab'],
  ...['query=a:b@c', 'query=a&query=b&query=c&query=d&query=e', 'tailLines=10', 'pattern=x'],
  'sinceTime=2023-01-01T00:00:00Z',
]

async function queried(ask: Ask): Promise<Record<string, string>> {
  const logs = '/var/log'
  const files = { 'proa-life.log': 'one line\n', 'proa-lives/proa-lives.log': 'of lives\n' }
  mkdirSync(join(logs, 'proa-lives'), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(logs, name), text)
  try {
    const answers: Record<string, string> = {}
    for (const target of [
      ...QUERIES.map(query => `/logs/?${query}`),
      ...['/logs/proa-life.log?query=kubelet', '/logs/proa-life.log', '/logs/proa-life.log?x=y'],
    ]) {
      const { status, text } = await ask(target)
      answers[target] = `${status} ${text}`
    }
    return answers
  } finally {
    rmSync(join(logs, 'proa-lives'), { recursive: true })
    rmSync(join(logs, 'proa-life.log'))
  }
}

interface Lived {
  readonly node: Node
  readonly bus: PrivateBus
  readonly ask: Ask
}

const HEEDS = 'trap "sleep 1; exit 0" TERM; while true; do sleep 0.1; done'
const HEEDLESS = 'trap "" TERM; while true; do sleep 0.1; done'

async function live(cluster: ProaProcess, { node, bus, ask }: Lived): Promise<Omit<Life, 'spans'>> {
  const kubeconfig = readFileSync(join(cluster.directory, 'admin.conf'), 'utf8')
  const noFiles = { read: async () => '', resolve: (file: string) => file }
  const remote = remoteContext(await connectionFromKubeconfig(kubeconfig, noFiles), log)
  const { client } = remote.context
  const { name: nodeName } = node
  const nameOf = (name: string) => `${name}-${nodeName}`
  const create = (name: string, script: string, more: object = {}, namespace = 'default') =>
    client.create(podKind, {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: nameOf(name), namespace } },
      spec: {
        nodeName,
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            ...{ name: 'c', image: busyboxImage, imagePullPolicy: 'Never' },
            command: ['sh', '-c', script],
          },
        ],
        ...more,
      },
    } as unknown as Partial<Pod>)
  const all = async () => {
    const { items } = await client.list(podKind, {})
    return items.filter(({ metadata }) => metadata.name?.endsWith(`-${nodeName}`))
  }
  const phases = async (...names: string[]) => {
    const pods = await all()
    return names.map(
      name => pods.find(({ metadata }) => metadata.name === nameOf(name))?.status?.phase,
    )
  }
  const ready = async () => {
    const { status } = await client.get(nodeKind, nodeName)
    const found = status.conditions?.find(({ type }) => type === 'Ready')
    return [found?.status, found?.reason, found?.message]
  }
  try {
    await eventually(() =>
      ready().then(
        ([status]) => status === 'True',
        () => false,
      ),
    )
    await create('heeds', HEEDS)
    await create('heedless', HEEDLESS, { terminationGracePeriodSeconds: 2 })
    await create('over', 'exit 0', { restartPolicy: 'Never' })
    await create('critical', HEEDS, { priorityClassName: 'system-node-critical' }, 'kube-system')
    const began = ['static', 'heeds', 'heedless', 'critical']
    await eventually(async () => {
      const running = (await phases(...began)).every(phase => phase === 'Running')
      return running && (await phases('over'))[0] === 'Succeeded'
    }, 90_000)
    const answers = await queried(ask)
    await eventually(async () => bus.count('inhibit') === 1)
    bus.tell('shutdown')
    await eventually(async () => (await ready())[0] === 'False')
    const told = await ready()
    await create('late', HEEDS)
    await eventually(async () => (await phases('late'))[0] === 'Failed')
    await bus.seen(() => bus.count('released') === 1)
    // What was told last may still be on its way.
    await eventually(async () =>
      (await phases(...began)).every(phase => phase === 'Succeeded' || phase === 'Failed'),
    )
    const pods = Object.fromEntries(
      (await all()).map(({ metadata, status }) => {
        const disruption = status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
        return [
          metadata.name?.replace(`-${nodeName}`, ''),
          [
            ...[status?.phase, status?.reason, status?.message],
            ...[disruption?.status, disruption?.reason, disruption?.message],
          ],
        ]
      }),
    )
    const state = JSON.parse(
      readFileSync(join(node.directory, 'kubelet', 'graceful_node_shutdown_state'), 'utf8'),
    )
    const figures = (await ask('/metrics')).text
      .split('\n')
      .filter(line => line.startsWith('kubelet_graceful_shutdown_'))
      .map(line => line.replace(/ 1\.\d+e\+09$| \d{10}$/, ' TIME'))
    bus.tell('cancel')
    await eventually(async () => (await ready())[0] === 'True')
    await bus.seen(() => bus.count('inhibit') === 2)
    const { items } = await client.list(eventKind, {})
    const events = items
      .filter(({ reason = '' }) => /Shutdown/.test(reason))
      .filter(({ involvedObject: { name = '' } }) => name.endsWith(nodeName))
      .map(({ type, reason, message, involvedObject: { kind } }) =>
        [type, reason, message, kind].join(' '),
      )
    for (const { metadata } of await all())
      await client
        .delete(
          podKind,
          { name: metadata.name ?? '', namespace: metadata.namespace ?? '' },
          {
            gracePeriodSeconds: 0,
          },
        )
        .catch(() => {})
    const locks = bus.events.filter(({ event }) => event === 'inhibit' || event === 'released')
    const readyAgain = await ready()
    return {
      ...{ pods, ready: told, readyAgain, events: [...new Set(events)].sort() },
      ...{ locks: [...locks], state, figures, answers },
    }
  } finally {
    await remote.stop()
  }
}

const askUpstream: Ask = path =>
  new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: UPSTREAM_PORT, path, rejectUnauthorized: false },
      answer => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
        )
      },
    )
    asked.on('error', reject)
    asked.end()
  })

type Body = Awaited<
  ReturnType<Parameters<Parameters<typeof withProa<void>>[2]>[1]['request']>
>['body']

function textOf(body: Body): Promise<string> {
  return new Promise((resolve, reject) => {
    if (body.kind === 'bytes') return resolve(Buffer.from(body.bytes).toString())
    if (body.kind !== 'stream') return reject(new Error(body.kind))
    let text = ''
    body.stream.subscribe({
      next(chunk) {
        text += Buffer.from(chunk).toString()
      },
      end: error => (error ? reject(error) : resolve(text)),
    })
  })
}
