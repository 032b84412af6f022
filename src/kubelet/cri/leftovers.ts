/**
 * Containers that containerd can't end in an orderly way any more, for example because it was killed while it made them. Their ids are
 * those of their bundles, which are below our own directory, so nobody else's container is ever taken for ours.
 */
import { readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, sleep } from '#base/clock.ts'
import { signalProcess } from '#host/background-process.ts'
import { command } from '#host/command.ts'
import type { ContainerdPaths } from './containerd-config.ts'
import { findProgram } from './packages.ts'

const NAMESPACE = 'k8s.io'
/** Where the shims have runc keep its state, whatever containerd's own directories are. */
const RUNC_ROOT = `/run/containerd/runc/${NAMESPACE}`
const CGROUPS = '/sys/fs/cgroup'
/** The kernel needs a moment to take a killed process out of its cgroup. */
const EMPTY_TIMEOUT_MS = 2_000
const POLL_MS = 10

/** Ids of all containers and sandboxes that have a bundle. */
export function bundleIds(paths: ContainerdPaths): Promise<string[]> {
  return names(join(paths.state, 'io.containerd.runtime.v2.task', NAMESPACE))
}

/** Kills what runs in the container and removes its state and cgroups; harmless where there is nothing. */
export async function removeContainerRemains(id: string, clock: Clock): Promise<void> {
  const state = join(RUNC_ROOT, id)
  const runc = findProgram('runc')
  if (runc && (await names(state)).length > 0)
    await command(runc, ['--root', RUNC_ROOT, 'delete', '--force', id]).catch(() => {})
  await rm(state, { recursive: true, force: true })
  for (const cgroup of await cgroupsOf(id)) await removeCgroup(cgroup, clock)
}

/** One for each controller of cgroup v1, or the one of v2. */
async function cgroupsOf(id: string): Promise<string[]> {
  const parents = [CGROUPS, ...(await names(CGROUPS)).map(name => join(CGROUPS, name))]
  const found: string[] = []
  for (const parent of parents)
    if ((await names(join(parent, NAMESPACE))).includes(id)) found.push(join(parent, NAMESPACE, id))
  return found
}

async function removeCgroup(cgroup: string, clock: Clock): Promise<void> {
  const deadline = clock.monotonicMs() + EMPTY_TIMEOUT_MS
  for (;;) {
    const text = await readFile(join(cgroup, 'cgroup.procs'), 'utf8').catch(() => '')
    const processes = text.split('\n').map(Number).filter(Boolean)
    if (processes.length === 0 || clock.monotonicMs() > deadline) break
    for (const processId of processes) signalProcess(processId, 'SIGKILL')
    await sleep(clock, POLL_MS)
  }
  await rmdir(cgroup).catch(() => {})
}

function names(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => [])
}
