/** The real thing: a private containerd in a temporary directory, our own images, one pod on a CNI network, and nothing left behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { decodeExecStatus, exitCodeOf } from '#client/streaming/exec-status.ts'
import type { DuplexChannels } from '#client/transport.ts'
import { findProcesses, signalProcess } from '#host/background-process.ts'
import { systemClock as clock } from '#host/clock.ts'
import { mountsUnder } from '#host/mount-table.ts'
import { type Containerd, ensureContainerd } from '../../src/kubelet/cri/containerd.ts'
import { connectCri, criProblem } from '../../src/kubelet/cri/cri.ts'
import { ensureImage } from '../../src/kubelet/cri/images.ts'
import { missingPackages, missingSentence } from '../../src/kubelet/cri/packages.ts'
import { resetContainerd } from '../../src/kubelet/cri/reset.ts'
import type { ContainerConfig, ContainerRuntime, SandboxConfig } from '../../src/kubelet/runtime.ts'
import { busyboxImage, busyboxTarball } from '../tools/busybox-image.ts'

const log = silentLog
const missing = missingPackages()
const reason =
  process.getuid?.() !== 0
    ? 'only root may run containers'
    : missing
      ? missingSentence(missing)
      : busyboxTarball() === undefined
        ? 'the Debian package busybox-static is missing'
        : undefined
if (reason) console.log(`# skipped: ${reason}`)

/** For each test and for all of them, which take some ten seconds: what hangs shall say where. */
const HANGS_MS = 180_000

const MOST_TRIES = 50

const bytes = (text: string) => new TextEncoder().encode(text)

/** Collects a stream's channels as text until it closes. */
function gather(channels: DuplexChannels) {
  const text: Record<number, string> = {}
  const arrived = new Set<() => void>()
  channels.onData((channel, data) => {
    text[channel] = (text[channel] ?? '') + Buffer.from(data).toString()
    for (const look of arrived) look()
  })
  const closed = new Promise<Error | undefined>(resolve => {
    channels.onClose(resolve)
  })
  /** Resolves once a channel has said `wanted`; fails where the stream ends without. */
  const said = (channel: number, wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (text[channel]?.includes(wanted)) resolve()
      }
      arrived.add(look)
      look()
      void closed.then(error => {
        reject(new Error(`the stream ended after ${JSON.stringify(text)}`, { cause: error }))
      })
    })
  return { text, closed, said }
}

const exitCode = (text: string | undefined) => exitCodeOf(decodeExecStatus(bytes(text ?? '')))

async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found) return found
    assert.ok(performance.now() < deadline, 'it did not come to pass within a minute')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** A shell's wait for a size of its terminal, which may come after the command has begun. */
const untilSize = (size: string) => `until [ "$(stty size)" = "${size}" ]; do sleep 0.01; done`

/** Of sandboxes: other tests, which may run beside, give theirs names of their own. */
const netns = () =>
  existsSync('/run/netns') ? readdirSync('/run/netns').filter(name => name.startsWith('cni-')) : []

describe('containerd', { skip: reason !== undefined, timeout: HANGS_MS }, () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'proa-cri-'))
  const namespacesBefore = netns()
  let containerd: Containerd
  let runtime: ContainerRuntime
  let sandbox: SandboxConfig
  let sandboxId = ''

  function containerOf(name: string, change: Partial<ContainerConfig>): ContainerConfig {
    return {
      name,
      attempt: 0,
      imageId: busyboxImage,
      image: busyboxImage,
      command: ['sleep', '1000'],
      args: [],
      workingDir: '',
      env: [],
      mounts: [],
      devices: [],
      labels: { name },
      annotations: {},
      logPath: `${name}.log`,
      stdin: false,
      stdinOnce: false,
      tty: false,
      resources: {},
      securityContext: {},
      ...change,
    }
  }

  async function run(name: string, change: Partial<ContainerConfig>): Promise<string> {
    const id = await runtime.createContainer(sandboxId, containerOf(name, change), sandbox)
    await runtime.startContainer(id)
    return id
  }

  before(async () => {
    const started = performance.now()
    containerd = await ensureContainerd({ dataDirectory, clock, log, privateOnly: true })
    console.log(`# containerd and pause image: ${Math.round(performance.now() - started)} ms`)
    // The 31st address range of the block that is kept for tests, and a bridge of its own name.
    writeFileSync(
      join(containerd.cniConfDirectory, '10-test.conflist'),
      JSON.stringify({
        cniVersion: '0.4.0',
        name: `proa-cri-test-${process.pid}`,
        plugins: [
          {
            type: 'ptp',
            ipam: {
              type: 'host-local',
              dataDir: join(dataDirectory, 'ipam'),
              ranges: [[{ subnet: '198.18.31.0/24' }]],
            },
          },
        ],
      }),
    )
    runtime = connectCri({ socketPath: containerd.socketPath, clock, log })
    const tarball = busyboxTarball() ?? Buffer.alloc(0)
    await ensureImage({ runtime, clock, ...containerd }, busyboxImage, () => tarball)
    await eventually(async () => (await runtime.status()).networkReady)
    mkdirSync(join(dataDirectory, 'logs'))
    sandbox = {
      name: 'web',
      namespace: 'default',
      uid: 'a-uid',
      attempt: 0,
      hostname: 'web',
      logDirectory: join(dataDirectory, 'logs'),
      dns: { servers: ['198.18.0.10'], searches: ['cluster.local'], options: ['ndots:5'] },
      portMappings: [],
      labels: { app: 'web' },
      annotations: { note: 'x' },
      cgroupParent: '',
      hostNetwork: false,
      hostPid: false,
      hostIpc: false,
      shareProcessNamespace: false,
      sysctls: {},
      securityContext: {},
    }
    const times: number[] = []
    const timed = async <T>(work: Promise<T>) => {
      const from = performance.now()
      const result = await work
      times.push(Math.round(performance.now() - from))
      return result
    }
    sandboxId = await timed(runtime.runPodSandbox(sandbox))
    const id = await timed(runtime.createContainer(sandboxId, containerOf('main', {}), sandbox))
    await timed(runtime.startContainer(id))
    console.log(`# sandbox ${times[0]} ms, create ${times[1]} ms, start ${times[2]} ms`)
  })

  after(async () => {
    await runtime?.close()
    containerd?.release()
    await resetContainerd({ dataDirectory, clock, log })
    await rm(dataDirectory, { recursive: true, force: true })
  })

  const mainId = async () => {
    const found = (await runtime.listContainers()).find(({ name }) => name === 'main')
    return found?.id ?? ''
  }

  test('tells its version and that it is ready', async () => {
    assert.equal((await runtime.version()).runtimeName, 'containerd')
    // What it can do is told by newer ones alone.
    const { handlers: _, supplementalGroupsPolicy: __, ...status } = await runtime.status()
    assert.deepEqual(status, { runtimeReady: true, networkReady: true, message: '' })
  })

  test('a sandbox has what it was given', async () => {
    const status = await runtime.podSandboxStatus(sandboxId)
    assert.match(status?.ips[0] ?? '', /^198\.18\.31\./)
    assert.equal(status?.ready, true)
    assert.deepEqual({ ...status?.labels }, { app: 'web' })
    assert.ok(Math.abs((status?.createdAt ?? 0) - Date.now()) < 60_000)
    const resolv = await runtime.execSync(await mainId(), ['cat', '/etc/resolv.conf'], 5)
    assert.match(Buffer.from(resolv.stdout).toString(), /nameserver 198\.18\.0\.10/)
    assert.equal(await runtime.podSandboxStatus('none'), undefined)
    assert.equal(await runtime.containerStatus('none'), undefined)
    await runtime.stopContainer('none', 1)
    await runtime.removePodSandbox('none')
  })

  test('exec: standard input to its end, both outputs, exit code', async () => {
    const channels = await runtime.exec(await mainId(), {
      command: ['sh', '-c', 'cat; echo bye >&2; exit 7'],
      stdin: true,
      stdout: true,
      stderr: true,
      tty: false,
    })
    const { text, closed } = gather(channels)
    const long = 'x'.repeat(1_000_000)
    await channels.write(0, bytes(long))
    channels.end(0)
    assert.equal(await closed, undefined)
    assert.equal(text[1], long)
    assert.equal(text[2], 'bye\n')
    assert.equal(exitCode(text[3]), 7)
  })

  test('exec with a terminal: its size, and a change of it', async () => {
    const channels = await runtime.exec(await mainId(), {
      command: [
        'sh',
        '-c',
        `${untilSize('42 100')}; echo first; read go; ${untilSize('24 80')}; echo $go; stty size`,
      ],
      stdin: true,
      stdout: true,
      stderr: false,
      tty: true,
    })
    const { text, closed, said } = gather(channels)
    await channels.write(4, bytes('{"Width":100,"Height":42}'))
    await said(1, 'first')
    await channels.write(4, bytes('{"Width":80,"Height":24}'))
    await channels.write(0, bytes('typed\n'))
    await said(1, '24 80')
    assert.equal(text[1]?.match(/typed/g)?.length, 2, 'the terminal shows it, and the command')
    await closed
    assert.equal(exitCode(text[3]), 0)
  })

  test('execSync: outputs, exit code, and its time limit', async () => {
    const id = await mainId()
    const result = await runtime.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 3'], 5)
    assert.equal(result.exitCode, 3)
    assert.equal(Buffer.from(result.stdout).toString(), 'out\n')
    assert.equal(Buffer.from(result.stderr).toString(), 'err\n')
    await assert.rejects(runtime.execSync(id, ['sleep', '30'], 1), /timed? ?out|timeout|deadline/i)
  })

  test('attach follows a running container, and its input', async () => {
    const id = await run('talker', {
      command: ['sh', '-c', 'while read line; do echo "heard $line"; done; echo over'],
      stdin: true,
      stdinOnce: true,
    })
    const channels = await runtime.attach(id, {
      stdin: true,
      stdout: true,
      stderr: true,
      tty: false,
    })
    const { closed, said } = gather(channels)
    await channels.write(0, bytes('hello\n'))
    await said(1, 'heard hello')
    channels.end(0)
    await said(1, 'over')
    await closed
    const status = await eventually(async () => {
      const status = await runtime.containerStatus(id)
      return status?.state === 'exited' && status
    })
    assert.equal(status.exitCode, 0)
    assert.equal(status.reason, 'Completed')
  })

  test('port-forward reaches a server in the pod, several times', async () => {
    await run('httpd', {
      command: ['sh', '-c', 'echo page > /www/index.html; exec httpd -f -p 8080 -h /www'],
    })
    for (let i = 0; i < 3; i++) {
      const answer = await eventually(async () => {
        const channels = await runtime.portForward(sandboxId, 8080)
        const { text, closed } = gather(channels)
        await channels.write(0, bytes('GET / HTTP/1.0\r\n\r\n'))
        await closed
        return text[0]
      })
      assert.match(answer, /200 OK/)
      assert.match(answer, /page/)
    }
    const refused = await runtime.portForward(sandboxId, 9)
    const { text, closed } = gather(refused)
    await closed
    assert.match(text[1] ?? '', /refused/)
  })

  test('events tell of starts and ends, the log has the CRI form', async () => {
    const seen: string[] = []
    const cancel = runtime.events?.subscribe({
      next: ({ containerId }) => void seen.push(containerId),
      end() {},
    })
    // Nobody says when the runtime has begun to tell: containers come and go until it does.
    for (let tries = 0; seen.length === 0 && tries < MOST_TRIES; tries++) {
      const early = await run(`early-${tries}`, { command: ['true'] })
      await eventually(async () => (await runtime.containerStatus(early))?.state === 'exited')
      await new Promise(resolve => setTimeout(resolve, 200))
      await runtime.removeContainer(early)
    }
    const id = await run('brief', { command: ['sh', '-c', 'echo hello; echo oops >&2; exit 5'] })
    const status = await eventually(async () => {
      const status = await runtime.containerStatus(id)
      return status?.state === 'exited' && status
    })
    assert.equal(status.exitCode, 5)
    assert.equal(status.reason, 'Error')
    await eventually(async () => seen.filter(containerId => containerId === id).length >= 2)
    cancel?.()
    const lines = readFileSync(status.logPath, 'utf8').trim().split('\n')
    assert.equal(lines.length, 2)
    for (const line of lines)
      assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) std(out|err) F (hello|oops)$/)
  })

  test('a killed containerd comes back, and its pods never noticed', async () => {
    const id = await mainId()
    const startedAt = (await runtime.containerStatus(id))?.startedAt
    const [pid] = await findProcesses(
      words => words.includes('--config') && words.some(word => word.startsWith(dataDirectory)),
    )
    assert.ok(pid)
    signalProcess(pid, 'SIGKILL')
    await assert.rejects(
      eventually(async () => {
        await runtime.version()
        return false
      }),
      /containerd can not be reached at|lost/,
    )
    await eventually(() => runtime.version().catch(() => undefined))
    const status = await runtime.containerStatus(id)
    assert.equal(status?.state, 'running')
    assert.equal(status.startedAt, startedAt)
  })

  test('a second Proa finds the same containerd', async () => {
    const again = await ensureContainerd({ dataDirectory, clock, log, privateOnly: true })
    again.release()
    assert.equal(again.socketPath, containerd.socketPath)
    const processes = await findProcesses(
      words => words.includes('--config') && words.some(word => word.startsWith(dataDirectory)),
    )
    assert.equal(processes.length, 1)
  })

  test('containerd outlives a Proa that is killed', async () => {
    const other = join(dataDirectory, 'killed')
    const source = (path: string) => join(import.meta.dirname, '../../src', path)
    const child = spawn(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { ensureContainerd } from '${source('kubelet/cri/containerd.ts')}'
       import { systemClock as clock } from '${source('host/clock.ts')}'
       import { silentLog as log } from '${source('base/log.ts')}'
       await ensureContainerd({ dataDirectory: '${other}', clock, log, privateOnly: true })
       console.log('ready')`,
    ])
    let complaint = ''
    child.stderr.on('data', data => {
      complaint += data
    })
    const exit = once(child, 'exit').then(([code]) => {
      throw new Error(`it exited with ${code} before it was ready: ${complaint}`)
    })
    await Promise.race([once(child.stdout, 'data'), exit])
    child.kill('SIGKILL')
    await assert.rejects(exit)
    const socketPath = join(other, 'containerd', 'containerd.sock')
    assert.equal(await criProblem({ socketPath, clock, log }), undefined)
    await resetContainerd({ dataDirectory: other, clock, log })
    assert.match((await criProblem({ socketPath, clock, log })) ?? '', /can not be reached/)
  })

  test('where the machine has a containerd that serves, it is used as it is', async () => {
    const other = join(dataDirectory, 'other')
    const system = await ensureContainerd({
      dataDirectory: other,
      clock,
      log,
      systemSocketPath: containerd.socketPath,
    })
    system.release()
    const factsOf = ({ release: _, restoreSandboxImage: __, ...facts }: Containerd) => facts
    assert.deepEqual(factsOf(system), { ...factsOf(containerd), isPrivate: false })
    assert.equal(existsSync(other), false)
  })

  test('stop is graceful, then it is not; reset leaves nothing', async () => {
    const id = await run('stubborn', {
      command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'],
    })
    const from = performance.now()
    await runtime.stopContainer(id, 1)
    assert.ok(performance.now() - from >= 900)
    assert.equal((await runtime.containerStatus(id))?.exitCode, 137)
    await runtime.removeContainer(id)
    assert.equal(await runtime.containerStatus(id), undefined)

    containerd.release()
    await runtime.close()
    await resetContainerd({ dataDirectory, clock, log })
    assert.deepEqual(await mountsUnder(dataDirectory), [])
    assert.deepEqual(netns(), namespacesBefore)
    assert.equal(existsSync(join(dataDirectory, 'containerd')), false)
    const left = await findProcesses(words => words.some(word => word.startsWith(dataDirectory)))
    assert.deepEqual(left, [])
  })
})
