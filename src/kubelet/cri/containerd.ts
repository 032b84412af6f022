/**
 * Sees to it that a containerd answers CRI: the machine's own where one runs and can serve us, else a private one with everything it has
 * under our data directory. The private one lives in a session of its own: it outlives us (pods go on when Proa ends,
 * however it ends) and is found again by its socket. Only `resetContainerd` stops it for good.
 */
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import {
  commandLineOf,
  findProcesses,
  signalProcess,
  startInBackground,
} from '#host/background-process.ts'
import { command } from '#host/command.ts'
import {
  type ContainerdPaths,
  containerdConfig,
  containerdPaths,
  maySpare,
  type Snapshotter,
} from './containerd-config.ts'
import { connectCri, criProblem } from './cri.ts'
import { ensureImage, loadImageTarball } from './images.ts'
import { cniDirectories, findProgram } from './packages.ts'
import { pauseImage, pauseTarball } from './pause.ts'
import { systemContainerd, systemSocketPath } from './system-containerd.ts'

export interface ContainerdOptions {
  readonly dataDirectory: string
  readonly clock: Clock
  readonly log: Log
  /** Use no containerd but a private one. */
  readonly privateOnly?: boolean
  /** Where the machine's own is looked for. */
  readonly systemSocketPath?: string
}

export interface Containerd {
  readonly socketPath: string
  /** For `loadImage`, and for images as volumes. */
  readonly snapshotter: string
  readonly isPrivate: boolean
  /** Who makes cgroups, and says what their paths look like. */
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  /** Where containerd reads its CNI configuration from. */
  readonly cniConfDirectory: string
  readonly cniBinDirectory: string
  /** Loads the image of sandboxes anew, also where containerd believes that it has it. */
  restoreSandboxImage(): Promise<unknown>
  /** Stops watching over it; containerd and the pods live on. */
  release(): void
}

const readyTimeoutMs = 20_000
const pollMs = 10
/** How soon a dead containerd is noticed. */
const superviseEveryMs = 2_000
const firstRestartDelayMs = 500
const maxRestartDelayMs = 30_000
const stopTimeoutMs = 10_000
/** How long after SIGKILL it may still be there: what waits for a disk or a device in the kernel can not be killed. */
const killTimeoutMs = 10_000
/** At this size the log is moved aside when containerd starts; one old one is kept. */
const maxLogBytes = 10 * 1024 * 1024

/** Throws a UserError where no containerd can be had. */
export async function ensureContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { clock, log } = options
  const socketPath = options.systemSocketPath ?? systemSocketPath
  const system = options.privateOnly
    ? undefined
    : await systemContainerd(socketPath, { clock, log })
  if (system) return system
  const paths = containerdPaths(options.dataDirectory)
  const cniBinDirectory = cniDirectories.find(path => findProgram('loopback', [path]))
  await prepareDirectories(paths)
  const config = {
    paths,
    snapshotter: await chooseSnapshotter(paths),
    cniBinDirectory: cniBinDirectory ?? cniDirectories[0] ?? '',
    maySpare: maySpare(await readFile('/proc/self/status', 'utf8').catch(() => '')),
  }
  await startUnlessRunning(paths, containerdConfig(config), { clock, log })
  const runtime = connectCri({ socketPath: paths.socket, clock, log })
  const { snapshotter } = config
  try {
    const store = { runtime, clock, socketPath: paths.socket, snapshotter }
    await ensureImage(store, pauseImage, pauseTarball)
  } finally {
    await runtime.close()
  }
  return {
    socketPath: paths.socket,
    snapshotter,
    isPrivate: true,
    cgroupDriver: 'cgroupfs',
    cniConfDirectory: paths.cniConfDirectory,
    cniBinDirectory: config.cniBinDirectory,
    restoreSandboxImage: () =>
      loadImageTarball({ socketPath: paths.socket, snapshotter }, pauseTarball()),
    release: supervise(paths, { clock, log }),
  }
}

interface Tools {
  readonly clock: Clock
  readonly log: Log
}

async function startUnlessRunning(
  paths: ContainerdPaths,
  config: string,
  tools: Tools,
): Promise<void> {
  const running = await runningProcess(paths)
  const former = await readFile(paths.configFile, 'utf8').catch(() => '')
  if (running !== undefined && former === config) {
    const problem = await criProblem({ socketPath: paths.socket, ...tools, timeoutMs: 5_000 })
    if (problem === undefined) return
    tools.log.warn('the private containerd does not answer and is started anew', { problem })
  }
  // Its pods belong to their shims, which live on while it is replaced.
  if (running !== undefined) await stopProcess(running, tools.clock)
  await writeFile(paths.configFile, config, { mode: 0o600 })
  await start(paths, tools)
}

async function prepareDirectories(paths: ContainerdPaths): Promise<void> {
  const directories = [paths.directory, dirname(paths.socket), paths.cniConfDirectory]
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o711 })
  await chmod(paths.directory, 0o711)
  await letPass(dirname(paths.directory))
  // After a reboot nothing that the state directory speaks of exists any more.
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  const former = await readFile(paths.bootIdFile, 'utf8').catch(() => bootId)
  if (former !== bootId) await rm(paths.state, { recursive: true, force: true })
  await writeFile(paths.bootIdFile, bootId)
}

/** The users of pods that have their own reach their containers' files by this path, and are nobody to the node. What is beside it can not be listed. */
export async function letPass(directory: string): Promise<void> {
  const { mode } = await stat(directory)
  if ((mode & 0o011) !== 0o011) await chmod(directory, (mode & 0o7777) | 0o011)
}

/** overlayfs wherever the kernel and the file system below have it; copying layers whole otherwise. */
async function chooseSnapshotter(paths: ContainerdPaths): Promise<Snapshotter> {
  // Once chosen it stays: images and containers that exist were unpacked with it.
  const config = await readFile(paths.configFile, 'utf8').catch(() => '')
  const chosen = /^ {2}snapshotter = "(overlayfs|native)"$/m.exec(config)?.[1]
  if (chosen) return chosen as Snapshotter
  const trial = `${paths.directory}/overlay-trial`
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map(
    name => `${trial}/${name}`,
  ) as [string, string, string, string]
  try {
    for (const directory of [lower, upper, work, merged])
      await mkdir(directory, { recursive: true })
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
    await command('mount', ['-t', 'overlay', 'overlay', '-o', layers, merged])
    await command('umount', [merged])
    return 'overlayfs'
  } catch {
    return 'native'
  } finally {
    await rm(trial, { recursive: true, force: true }).catch(() => {})
  }
}

async function start(paths: ContainerdPaths, tools: Tools): Promise<void> {
  const program = findProgram('containerd')
  if (!program) throw new UserError('containerd is missing: install the Debian package containerd')
  const log = await stat(paths.logFile).catch(() => undefined)
  if (log && log.size > maxLogBytes) await rename(paths.logFile, `${paths.logFile}.1`)
  const words = ['--config', paths.configFile]
  const processId = await startInBackground(program, words, { logFile: paths.logFile })
  await writeFile(paths.processIdFile, `${processId}\n`)
  const deadline = tools.clock.monotonicMs() + readyTimeoutMs
  for (;;) {
    const problem = await criProblem({ socketPath: paths.socket, ...tools, timeoutMs: 1_000 })
    if (problem === undefined) return
    const dead = (await commandLineOf(processId)) === undefined
    if (dead || tools.clock.monotonicMs() > deadline) {
      signalProcess(processId, 'SIGKILL')
      throw new UserError(
        `containerd did not start: ${(await lastComplaint(paths)) ?? problem} (its log is ${paths.logFile})`,
      )
    }
    await sleep(tools.clock, pollMs)
  }
}

async function lastComplaint(paths: ContainerdPaths): Promise<string | undefined> {
  const text = await readFile(paths.logFile, 'utf8').catch(() => '')
  const line = text.trim().split('\n').at(-1) ?? ''
  return /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? (line === '' ? undefined : line)
}

/** The process id of our containerd, if it runs. */
export async function runningProcess(paths: ContainerdPaths): Promise<number | undefined> {
  const text = await readFile(paths.processIdFile, 'utf8').catch(() => '')
  const processId = Number(text.trim())
  // The number may be another program's by now.
  const isOurs = (words: readonly string[] | undefined) =>
    words?.includes(paths.configFile) === true && words[0]?.endsWith('containerd') === true
  if (processId > 1 && isOurs(await commandLineOf(processId))) return processId
  // Who started it may have been killed before the number was written: a second one would wait for the first one's lock, and stay for ever.
  const [found] = await findProcesses(isOurs)
  if (found !== undefined) await writeFile(paths.processIdFile, `${found}\n`).catch(() => {})
  return found
}

/** SIGTERM, then SIGKILL; resolves when it is gone. Throws a UserError where even that does not end it. */
export async function stopProcess(
  processId: number,
  clock: Clock,
  signal = signalProcess,
): Promise<void> {
  let program = ''
  for (const [name, patienceMs] of [
    ['SIGTERM', stopTimeoutMs],
    ['SIGKILL', killTimeoutMs],
  ] as const) {
    signal(processId, name)
    const deadline = clock.monotonicMs() + patienceMs
    while (clock.monotonicMs() <= deadline) {
      const words = await commandLineOf(processId)
      if (words === undefined) return
      program ||= words[0] ?? ''
      await sleep(clock, pollMs)
    }
  }
  throw new UserError(
    `${program || 'a process'} (pid ${processId}) can not be stopped: it waits in the kernel, maybe for a disk or a device that does not answer`,
  )
}

/**
 * Starts it again whenever it died, or lost its socket, as to who cleans up temporary files: nobody would reach it ever again. Waits longer each time
 * that does not help.
 */
function supervise(paths: ContainerdPaths, tools: Tools): () => void {
  const { clock, log } = tools
  let released = false
  let cancel = () => {}
  let delayMs = firstRestartDelayMs

  const look = async () => {
    const running = await runningProcess(paths)
    const isReachable = (await stat(paths.socket).catch(() => undefined)) !== undefined
    if (running !== undefined && isReachable) {
      delayMs = firstRestartDelayMs
      return next(superviseEveryMs)
    }
    if (released) return
    const why = running === undefined ? 'is gone' : 'has lost its socket'
    log.warn(`containerd ${why} and is started again; pods are not touched`)
    try {
      if (running !== undefined) await stopProcess(running, clock)
      await start(paths, tools)
      next(superviseEveryMs)
    } catch (error) {
      log.error('containerd can not be started', { error: messageOf(error) })
      delayMs = Math.min(delayMs * 2, maxRestartDelayMs)
      next(delayMs)
    }
  }
  const next = (afterMs: number) => {
    if (!released) cancel = clock.after(afterMs, () => void look())
  }
  next(superviseEveryMs)
  return () => {
    released = true
    cancel()
  }
}
