/**
 * What a kubelet counts on in a container runtime, whichever it is: containerd behind CRI and the hollow one keep to the same. After the cases of
 * cri-tools' critest that ask about life cycle, idempotence, exec, logs, figures and images.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerConfig, ContainerRuntime, SandboxConfig } from '../../src/kubelet/runtime.ts'

export interface OpenRuntime {
  readonly runtime: ContainerRuntime
  /** An image that is there and has a shell. */
  readonly image: string
  readonly logDirectory: string
  readonly readLog: (path: string) => Promise<string>
  close(): Promise<void>
}

const PATIENCE_MS = 30_000
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found) return found
    assert.ok(performance.now() < deadline, 'it did not come to pass in time')
    await delay(20)
  }
}

/** Declares the cases. `skip` says why they cannot run. */
export function runtimeContract(
  name: string,
  open: () => Promise<OpenRuntime>,
  skip: string | false = false,
): void {
  describe(`${name} keeps to what kubelets count on`, { skip, timeout: 600_000 }, () => {
    let at: OpenRuntime
    let runtime: ContainerRuntime
    let made = 0
    before(async () => {
      at = await open()
      runtime = at.runtime
    })
    after(() => at?.close())

    const sandboxConfig = (): SandboxConfig => {
      made++
      return {
        name: `pod-${made}`,
        namespace: 'default',
        uid: `uid-${made}`,
        attempt: 0,
        hostname: `pod-${made}`,
        logDirectory: at.logDirectory,
        portMappings: [],
        labels: { app: `pod-${made}` },
        annotations: { note: 'x' },
        cgroupParent: '',
        hostNetwork: false,
        hostPid: false,
        hostIpc: false,
        shareProcessNamespace: false,
        sysctls: {},
        securityContext: {},
      }
    }
    const containerConfig = (name: string, command: readonly string[]): ContainerConfig => ({
      name,
      attempt: 1,
      imageId: at.image,
      image: at.image,
      command,
      args: [],
      workingDir: '',
      env: [],
      mounts: [],
      devices: [],
      labels: { name },
      annotations: {},
      logPath: `${name}-${made}.log`,
      stdin: false,
      stdinOnce: false,
      tty: false,
      resources: {},
      securityContext: {},
    })
    const FOREVER = ['sleep', '1000']

    /** A sandbox with one container in it, and both gone at the end. */
    async function withContainer(
      command: readonly string[],
      use: (ids: { sandbox: string; container: string }) => Promise<void>,
    ): Promise<void> {
      const config = sandboxConfig()
      const sandbox = await runtime.runPodSandbox(config)
      try {
        const wanted = containerConfig('main', command)
        const container = await runtime.createContainer(sandbox, wanted, config)
        await use({ sandbox, container })
      } finally {
        await runtime.stopPodSandbox(sandbox)
        await runtime.removePodSandbox(sandbox)
      }
    }
    const ended = (id: string) =>
      eventually(async () => {
        const status = await runtime.containerStatus(id)
        return status?.state === 'exited' && status
      })

    test('it says what it is, and whether it is ready', async () => {
      const { runtimeName, runtimeVersion } = await runtime.version()
      assert.ok(runtimeName && runtimeVersion)
      const { runtimeReady, networkReady } = await runtime.status()
      assert.deepEqual([runtimeReady, networkReady], [true, true])
    })

    test('a sandbox runs, is stopped and removed, and both may be asked for again', async () => {
      const config = sandboxConfig()
      const id = await runtime.runPodSandbox(config)
      const status = await runtime.podSandboxStatus(id)
      assert.equal(status?.ready, true)
      assert.deepEqual(
        [status.name, status.namespace, status.uid, status.attempt],
        [config.name, 'default', config.uid, 0],
      )
      assert.deepEqual({ ...status.labels }, config.labels)
      assert.equal(status.ips.length > 0, true)
      assert.ok((await runtime.listPodSandboxes()).some(each => each.id === id && each.ready))
      for (let times = 0; times < 2; times++) {
        await runtime.stopPodSandbox(id)
        assert.equal((await runtime.podSandboxStatus(id))?.ready, false)
      }
      for (let times = 0; times < 2; times++) {
        await runtime.removePodSandbox(id)
        assert.equal(await runtime.podSandboxStatus(id), undefined)
      }
      assert.ok((await runtime.listPodSandboxes()).every(each => each.id !== id))
    })

    test('a container is created, started, stopped and removed; the last two may be asked for again', () =>
      withContainer(FOREVER, async ({ sandbox, container }) => {
        const view = async () => (await runtime.listContainers()).find(({ id }) => id === container)
        assert.equal((await view())?.state, 'created')
        assert.equal((await view())?.sandboxId, sandbox)
        assert.equal((await view())?.attempt, 1)
        await runtime.startContainer(container)
        const status = await runtime.containerStatus(container)
        assert.equal(status?.state, 'running')
        assert.ok(status.startedAt >= status.createdAt && status.createdAt > 0)
        await assert.rejects(runtime.startContainer(container), 'it runs already')
        for (let times = 0; times < 2; times++) await runtime.stopContainer(container, 1)
        const over = await ended(container)
        assert.notEqual(over.exitCode, 0)
        assert.ok(over.finishedAt >= over.startedAt)
        for (let times = 0; times < 2; times++) await runtime.removeContainer(container)
        assert.equal(await runtime.containerStatus(container), undefined)
      }))

    test('what is not there: questions find nothing, ends are no mistake, all else is', async () => {
      assert.equal(await runtime.podSandboxStatus('none'), undefined)
      assert.equal(await runtime.containerStatus('none'), undefined)
      await runtime.stopContainer('none', 1)
      await runtime.removeContainer('none')
      await runtime.stopPodSandbox('none')
      await runtime.removePodSandbox('none')
      await assert.rejects(runtime.startContainer('none'))
      await assert.rejects(runtime.execSync('none', ['true'], 5))
      const config = sandboxConfig()
      await assert.rejects(runtime.createContainer('none', containerConfig('x', FOREVER), config))
    })

    test('a sandbox that stops takes its containers along', () =>
      withContainer(FOREVER, async ({ sandbox, container }) => {
        await runtime.startContainer(container)
        await runtime.stopPodSandbox(sandbox)
        assert.notEqual((await ended(container)).exitCode, 0)
        await runtime.removePodSandbox(sandbox)
        assert.equal(await runtime.containerStatus(container), undefined)
      }))

    test('a container that ends tells how, and what it said is in its log', () =>
      withContainer(['sh', '-c', 'echo out; echo err >&2; exit 3'], async ({ container }) => {
        await runtime.startContainer(container)
        const status = await ended(container)
        assert.deepEqual([status.exitCode, status.reason], [3, 'Error'])
        const lines = await eventually(async () => {
          const found = (await at.readLog(status.logPath)).trim().split('\n')
          return found.length >= 2 && found
        })
        const said = lines.map(line => line.replace(/^\S+ /, '')).sort()
        assert.deepEqual(said, ['stderr F err', 'stdout F out'])
        for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT\S+ std/)
      }))

    test('one that ends well is completed', () =>
      withContainer(['true'], async ({ container }) => {
        await runtime.startContainer(container)
        const { exitCode, reason } = await ended(container)
        assert.deepEqual([exitCode, reason], [0, 'Completed'])
      }))

    test('commands run in a container that runs, and in no other', () =>
      withContainer(FOREVER, async ({ container }) => {
        await runtime.startContainer(container)
        const run = (command: string) => runtime.execSync(container, ['sh', '-c', command], 5)
        const { stdout, stderr, exitCode } = await run('echo out; echo err >&2; exit 4')
        assert.deepEqual([text(stdout), text(stderr), exitCode], ['out\n', 'err\n', 4])
        await runtime.stopContainer(container, 1)
        await ended(container)
        await assert.rejects(run('true'))
      }))

    test('starts and ends are told of', () =>
      withContainer(['sh', '-c', 'sleep 0.2; exit 0'], async ({ container }) => {
        if (!runtime.events) return
        const heard: string[] = []
        const cancel = runtime.events.subscribe({
          next: ({ containerId }) => void heard.push(containerId),
          end() {},
        })
        await delay(300)
        await runtime.startContainer(container)
        await ended(container)
        await eventually(async () => heard.includes(container))
        cancel()
      }))

    test('what runs is counted', () =>
      withContainer(FOREVER, async ({ container }) => {
        await runtime.startContainer(container)
        const stats = await eventually(async () =>
          (await runtime.containerStats()).find(({ containerId }) => containerId === container),
        )
        assert.ok(stats.timestamp > 0 && stats.memoryWorkingSetBytes >= 0)
      }))

    test('images are known by name', async () => {
      const image = await runtime.imageStatus(at.image)
      assert.ok(image?.id && image.sizeBytes > 0)
      await withContainer(FOREVER, async ({ container }) => {
        const all = await runtime.listImages()
        assert.ok(all.some(each => each.repoTags.includes(at.image)))
        assert.equal((await runtime.containerStatus(container))?.image, at.image)
      })
    })
  })
}
