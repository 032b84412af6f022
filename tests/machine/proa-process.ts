/** The real program in a process of its own, on this machine's containers, in a data directory and address ranges that nobody else has. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mountsUnder } from '#host/mount-table.ts'
import { layoutOf } from '../../src/cluster/layout.ts'
import { missingPackages, missingSentence } from '../../src/kubelet/cri/packages.ts'
import { busyboxTarball } from '../tools/busybox-image.ts'
import { Kubectl, kubectlMissing } from '../tools/kubectl.ts'

export const main = join(import.meta.dirname, '..', '..', 'bin', 'proa.js')
const START_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 60_000
/** Characters of its output. */
const LAST_WORDS = 4000

/** Why these tests can't run here, or undefined. */
export function whyNotHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may run containers'
  const missing = missingPackages()
  if (missing) return missingSentence(missing)
  if (!busyboxTarball()) return 'the Debian package busybox-static is missing'
  return kubectlMissing()
}

export const FAMILIES = ['ipv4', 'ipv6', 'dual'] as const
/** Of addresses: `dual` is both, IPv4 first. */
export type Families = (typeof FAMILIES)[number]

interface Ranges {
  /** CIDR, or two with a comma between them. */
  readonly pods: string
  readonly services: string
  /** By which the ranges are told from those of other clusters. */
  readonly number: number
  /** The address of the Service of the API. */
  readonly api: string
}

/** Ranges of which the machine has no address, so that what runs beside, or was killed before its end, is not in the way. */
export function freeRanges(families: Families = 'ipv4'): Ranges {
  const { stdout } = spawnSync('ip', ['-o', 'address', 'show'], { encoding: 'utf8' })
  const taken = (second: number) =>
    [` 10.${second}.`, ` fd00:10:${second}:`].some(start => stdout.includes(start)) ||
    existsSync(secondNamespaceFile(second))
  for (;;) {
    const second = 2 * randomInt(50, 127)
    if (taken(second) || taken(second + 1)) continue
    const [pods, services] = [`10.${second}.0.0/16`, `10.${second + 1}.0.0/16`]
    const [pods6, services6] = [`fd00:10:${second}::/56`, `fd00:10:${second + 1}::/112`]
    const api = families === 'ipv6' ? `fd00:10:${second + 1}::1` : `10.${second + 1}.0.1`
    const of = {
      ipv4: { pods, services },
      ipv6: { pods: pods6, services: services6 },
      dual: { pods: `${pods},${pods6}`, services: `${services},${services6}` },
    }
    return { ...of[families], number: second, api }
  }
}

/** Of the second node beside a cluster of that number, which may be on its way out. */
export const secondNamespace = (number: number) => `proa-second-${number}`
const secondNamespaceFile = (number: number) => `/run/netns/${secondNamespace(number)}`

export class ProaProcess {
  readonly directory: string
  readonly ranges: Ranges
  readonly kubectl: Kubectl
  flags: readonly string[]
  #child: ChildProcess | undefined
  #output = ''
  #isEnding = false
  readonly #nodes: string

  /** `nodes` as the flag of that name wants it; more flags may change from one start to the next. */
  constructor(nodes = 'containerd', flags: readonly string[] = [], families: Families = 'ipv4') {
    this.ranges = freeRanges(families)
    this.#nodes = nodes
    this.flags = flags
    this.directory = mkdtempSync(join(tmpdir(), 'proa-machine-'))
    this.kubectl = new Kubectl(join(this.directory, 'admin.conf'))
  }

  get layout() {
    return layoutOf(this.directory)
  }

  /** Resolves once it has ended, unless `end` did it, with what it said at last. */
  async death(): Promise<string> {
    const child = this.#child
    if (!child) throw new Error('it was not started')
    await new Promise<void>(resolve => {
      child.on('close', () => {
        if (!this.#isEnding) resolve()
      })
    })
    return `it ended with ${child.exitCode ?? child.signalCode}: ${this.#output.slice(-LAST_WORDS)}`
  }

  /** What it said so far. */
  get output(): string {
    return this.#output
  }

  get processId(): number {
    return this.#child?.pid ?? 0
  }

  words(...more: string[]): string[] {
    const { pods, services } = this.ranges
    const flags = ['--data-dir', this.directory, '--nodes', this.#nodes, '--secure-port', '0']
    const ranges = ['--cluster-cidr', pods, '--service-cluster-ip-range', services]
    return ['up', ...flags, ...ranges, '--node-name', 'here', ...this.flags, ...more]
  }

  /** Puts the test image where pods find it, with the command that users have for that. */
  loadImage(): void {
    const file = join(this.directory, 'busybox.tar')
    writeFileSync(file, busyboxTarball() ?? '')
    const { code, text } = this.command('image', 'load', file, '--data-dir', this.directory)
    spawnSync('rm', [file])
    if (code !== 0) throw new Error(`image load ended with ${code}: ${text}`)
  }

  /** Resolves with the milliseconds until it said that it is ready. */
  async start(...more: string[]): Promise<number> {
    const from = performance.now()
    this.#output = ''
    this.#isEnding = false
    const child = spawn(process.execPath, [main, ...this.words(...more)])
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not ready within ${START_TIMEOUT_MS} ms: ${this.#output}`)),
        START_TIMEOUT_MS,
      )
      const hear = (text: Buffer) => {
        this.#output += text
        if (this.#output.includes('is ready after')) resolve()
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      child.on('exit', code => reject(new Error(`it ended with ${code}: ${this.#output}`)))
      child.on('close', () => clearTimeout(timer))
    })
    return performance.now() - from
  }

  /** Resolves with its exit code, or the signal that ended it. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return null
    this.#isEnding = true
    const ended = new Promise<number | string | null>(resolve => {
      child.on('exit', (code, by) => resolve(code ?? by))
    })
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    const result = await ended
    clearTimeout(timer)
    return result
  }

  command(...words: string[]): { code: number | null; text: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
      encoding: 'utf8',
    })
    return { code: status, text: `${stdout}${stderr}` }
  }

  reset(): { code: number | null; text: string } {
    return this.command('reset', '--data-dir', this.directory)
  }
}

/** Ids under which containers, sandboxes and pods leave traces outside the data directory. Ask while there are some. */
export function ownIds({ layout }: ProaProcess): readonly string[] {
  const tasks = join(layout.containerd, 'state', 'io.containerd.runtime.v2.task', 'k8s.io')
  return [...names(tasks), ...names(join(layout.kubelet, 'pods'))]
}

/**
 * What a Proa has left on the machine; empty lists after a reset. Only what is surely its own: other tests may run beside, so
 * network namespaces and links count by their addresses, cgroups and logs by ids that were asked for before.
 */
export async function traces(
  proa: ProaProcess,
  ids: readonly string[],
): Promise<Record<string, readonly string[]>> {
  const { instance } = proa.layout
  const prefix = `${proa.ranges.pods.split('.').slice(0, 2).join('.')}.`
  const lines = (program: string, ...words: string[]) =>
    spawnSync(program, words, { encoding: 'utf8' }).stdout.split('\n')
  const addressed = (...words: string[]) =>
    lines('ip', ...words, '-o', '-4', 'address').filter(line => line.includes(` ${prefix}`))
  const cgroups = names('/sys/fs/cgroup').flatMap(controller => [
    controller,
    ...names(join('/sys/fs/cgroup', controller)),
    ...names(join('/sys/fs/cgroup', controller, 'k8s.io')),
  ])
  return {
    links: [...names('/sys/class/net').filter(name => name === instance), ...addressed()],
    routes: lines('ip', 'route').filter(line => line.includes(prefix) || line.includes(instance)),
    namespaces: names('/run/netns').filter(name => addressed('-n', name).length > 0),
    tables: lines('nft', 'list', 'tables').filter(line => line.includes(instance)),
    mounts: await mountsUnder(proa.directory),
    processes: names('/proc').filter(
      id => /^\d+$/.test(id) && commandOf(id).includes(proa.directory),
    ),
    cgroups: [...new Set(cgroups)].filter(name => ids.includes(name) || name === instance),
    logs: names('/var/log/pods').filter(name => ids.some(id => name.endsWith(id))),
    files: names(proa.directory),
  }
}

/** Every list of `traces` empty. */
export const NO_TRACES = {
  links: [],
  routes: [],
  namespaces: [],
  tables: [],
  mounts: [],
  processes: [],
  cgroups: [],
  logs: [],
  files: [],
}

function names(directory: string): string[] {
  return existsSync(directory) && statSync(directory).isDirectory() ? readdirSync(directory) : []
}

function commandOf(processId: string): string {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Looks again and again until it holds; no longer than what is wrong needs to be told from a machine that is busy. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 150_000,
): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`it did not come to pass within ${ms} ms`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
