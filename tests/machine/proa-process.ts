/** The real program in a process of its own, on this machine's containers, in a data directory and address ranges that nobody else has. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mountsUnder } from '#host/mount-table.ts'
import { layoutOf } from '../../src/cluster/layout.ts'
import { missingPackages, missingSentence } from '../../src/kubelet/cri/packages.ts'
import { busyboxTarball } from '../tools/busybox-image.ts'
import { Kubectl, kubectlMissing } from '../tools/kubectl.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 10_000

/** Why these tests can't run here, or undefined. */
export function whyNotHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may run containers'
  const missing = missingPackages()
  if (missing) return missingSentence(missing)
  if (!busyboxTarball()) return 'the Debian package busybox-static is missing'
  return kubectlMissing()
}

export interface Ranges {
  readonly pods: string
  readonly services: string
}

export class ProaProcess {
  readonly directory: string
  readonly ranges: Ranges
  readonly kubectl: Kubectl
  #child: ChildProcess | undefined
  #output = ''

  constructor(ranges: Ranges) {
    this.directory = mkdtempSync(join(tmpdir(), 'proa-machine-'))
    this.ranges = ranges
    this.kubectl = new Kubectl(join(this.directory, 'admin.conf'))
  }

  get layout() {
    return layoutOf(this.directory)
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
    const flags = ['--data-dir', this.directory, '--nodes', 'containerd', '--secure-port', '0']
    const ranges = ['--cluster-cidr', pods, '--service-cluster-ip-range', services]
    return ['up', ...flags, ...ranges, '--node-name', 'here', ...more]
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
  async start(): Promise<number> {
    const from = performance.now()
    this.#output = ''
    const child = spawn(process.execPath, [main, ...this.words()])
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

/** Everything on the machine that a Proa could have left; compare what was before with what is after. */
export async function traces(proa: ProaProcess): Promise<Record<string, readonly string[]>> {
  const { instance } = proa.layout
  const names = (directory: string) => (existsSync(directory) ? readdirSync(directory) : [])
  const cgroups = names('/sys/fs/cgroup').flatMap(controller =>
    names(join('/sys/fs/cgroup', controller, 'k8s.io')),
  )
  return {
    links: names('/sys/class/net').filter(name => !name.startsWith('ifb')),
    namespaces: names('/run/netns'),
    tables: spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(line => line.includes(instance)),
    routes: readFileSync('/proc/net/route', 'utf8').split('\n').sort(),
    mounts: await mountsUnder(proa.directory),
    processes: names('/proc').filter(
      id => /^\d+$/.test(id) && commandOf(id).includes(proa.directory),
    ),
    cgroups: [...new Set(cgroups)].filter(name => name.length === 64),
    logs: names('/var/log/pods'),
    sockets: names('/run').filter(name => name.startsWith('proa')),
    files: names(proa.directory),
  }
}

function commandOf(processId: string): string {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Looks again and again until it holds. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 20_000,
): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`it did not come to pass within ${ms} ms`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
