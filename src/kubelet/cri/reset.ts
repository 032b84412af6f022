/** Takes away everything that pods on containerd left on the machine, and the private containerd itself. */
import { readdir, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { findProcesses } from '#host/background-process.ts'
import { unmountUnder } from '#host/mount-table.ts'
import type { Sandbox } from '../runtime.ts'
import { ensureContainerd, runningProcess, stopProcess } from './containerd.ts'
import { type ContainerdPaths, containerdPaths } from './containerd-config.ts'
import { connectCri, criProblem } from './cri.ts'
import { bundleIds, removeContainerRemains } from './leftovers.ts'

export interface ResetOptions {
  readonly dataDirectory: string
  readonly clock: Clock
  readonly log: Log
}

/** Pods removed at a time; each waits for CNI and runc. */
const parallelRemovals = 8

/** Repeating it is harmless. What can't be removed is logged, and the rest goes on. */
export async function resetContainerd(options: ResetOptions): Promise<void> {
  const paths = containerdPaths(options.dataDirectory)
  if (!(await exists(paths.directory))) return
  const before = await bundleIds(paths)
  try {
    await removePrivatePods(options)
  } catch (error) {
    options.log.warn('the pods could not be removed one by one', { error: messageOf(error) })
  }
  for (;;) {
    const running = await runningProcess(paths)
    if (running === undefined) break
    await stopProcess(running, options.clock)
  }
  const left = await bundleIds(paths)
  await stopLeftovers(paths, options.clock)
  for (const id of new Set([...before, ...left])) await removeContainerRemains(id, options.clock)
  await unmountUnder(paths.directory)
  await rm(paths.directory, { recursive: true, force: true })
  await rm(paths.cniConfDirectory, { recursive: true, force: true })
  if (!paths.socket.startsWith(paths.directory))
    await rm(dirname(paths.socket), { recursive: true, force: true })
  // runc and the shims keep theirs in fixed places; empty ones go, whatever another containerd uses stays.
  for (const directory of ['runc/k8s.io', 'runc', 's', 'fifo', ''])
    await rmdir(`/run/containerd/${directory}`).catch(() => {})
}

async function removePrivatePods(options: ResetOptions): Promise<void> {
  const paths = containerdPaths(options.dataDirectory)
  const { clock, log } = options
  const socketPath = paths.socket
  const down = await criProblem({ socketPath, clock, log, timeoutMs: 2_000 })
  // Only containerd knows how to let go of a pod's network: where it died it is started once more for that.
  if (down !== undefined && (await exists(paths.root))) {
    const revived = await ensureContainerd({ ...options, privateOnly: true })
    revived.release()
  }
  await removePods({ socketPath, clock, log, ours: () => true })
}

/** Stops and removes the sandboxes that `ours` picks, with all their containers. */
export async function removePods(options: {
  readonly socketPath: string
  readonly clock: Clock
  readonly log: Log
  ours(sandbox: Sandbox): boolean
}): Promise<void> {
  const runtime = connectCri(options)
  try {
    const queue = (await runtime.listPodSandboxes()).filter(options.ours)
    const worker = async () => {
      for (let sandbox = queue.pop(); sandbox; sandbox = queue.pop()) {
        try {
          await runtime.stopPodSandbox(sandbox.id)
          await runtime.removePodSandbox(sandbox.id)
        } catch (error) {
          const pod = `${sandbox.namespace}/${sandbox.name}`
          options.log.warn('a pod could not be removed', { pod, error: messageOf(error) })
        }
      }
    }
    await Promise.all(Array.from({ length: parallelRemovals }, worker))
  } finally {
    await runtime.close()
  }
}

/** Shims of pods that could not be removed in an orderly way; their containers end with them. */
async function stopLeftovers(paths: ContainerdPaths, clock: Clock): Promise<void> {
  const leftovers = await findProcesses(
    words => (words[0] ?? '').includes('containerd-shim') && words.includes(paths.socket),
  )
  for (const processId of leftovers) await stopProcess(processId, clock)
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  )
}
