/** What the cases of `kubectl.test.ts` share: one cluster, one namespace that is only theirs, and short ways to say what they want. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { Kubectl, type Output } from '../../tools/kubectl.ts'
import type { ProaProcess } from '../proa-process.ts'

export const NAMESPACE = 'kubectl-cases'
/** kubectl waits as long for what should take a second or two. */
const PATIENCE = '--timeout=150s'

// biome-ignore lint/suspicious/noExplicitAny: what a server said, looked at in tests only
export type Json = any

export const container = (name: string, script: string, more: object = {}) => ({
  name,
  image: busyboxImage,
  command: ['sh', '-c', script],
  ...more,
})

/** With a grace of a second, so that what ignores SIGTERM does not hold up its test. */
export const podOf = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name }, ...metadata },
  spec: { terminationGracePeriodSeconds: 1, ...spec },
})

/** A pod of one container named `c`. */
export const podRunning = (name: string, script: string, more: object = {}, spec: object = {}) =>
  podOf(name, { ...spec, containers: [container('c', script, more)] })

export const serviceOf = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ...spec },
})

/** Busybox's own wget needs more than a static binary has; HTTP/1.0 is short enough to write. */
export const fetchScript = (host: string, port: number | string) =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${host} ${port}`

export const FOREVER = 'exec sleep 1000'

export class Bench {
  readonly proa: ProaProcess
  readonly kubectl: Kubectl
  readonly kubeconfig: string
  /** For files that pods share with the host. */
  readonly scratch = mkdtempSync(join(tmpdir(), 'proa-kubectl-'))

  constructor(proa: ProaProcess) {
    this.proa = proa
    this.kubeconfig = join(proa.directory, 'admin.conf')
    this.kubectl = new Kubectl(this.kubeconfig, '--namespace', NAMESPACE)
  }

  apply(...items: object[]): Promise<string> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    return this.kubectl.run('apply -f -', { input })
  }

  async get(of: string): Promise<Json> {
    return JSON.parse(await this.kubectl.run(`get ${of} -o json`))
  }

  field(of: string, path: string): Promise<string> {
    return this.kubectl.run(['get', ...of.split(' '), '-o', `jsonpath={${path}}`])
  }

  /** Waits with kubectl's own watch until the field is that. */
  async until(of: string, path: string, value: string): Promise<void> {
    await this.#wait(of, `--for=jsonpath={${path}}=${value}`)
  }

  async ready(...pods: string[]): Promise<void> {
    for (const pod of pods) await this.#wait(`pod/${pod}`, '--for=condition=Ready')
  }

  async #wait(of: string, what: string): Promise<void> {
    const output = await this.kubectl.try(['wait', of, what, PATIENCE])
    if (output.code === 0) return
    const described = await this.kubectl.try(['describe', of])
    throw new Error(`${of} ${what}: ${output.stderr}\n${described.stdout}`)
  }

  /** Applies a pod that ends, and gives what it said and what became of it. */
  async outcome(
    pod: { metadata: { name: string }; spec: object },
    phase = 'Succeeded',
  ): Promise<{ lines: string[]; pod: Json }> {
    const { name } = pod.metadata
    await this.apply({ ...pod, spec: { restartPolicy: 'Never', ...pod.spec } })
    await this.until(`pod/${name}`, '.status.phase', phase)
    return {
      lines: linesOf(await this.kubectl.run(`logs ${name}`)),
      pod: await this.get(`pod ${name}`),
    }
  }

  inPod(pod: string, script: string, ...flags: string[]): Promise<Output> {
    return this.kubectl.try(['exec', ...flags, pod, '--', 'sh', '-c', script])
  }

  async says(pod: string, script: string): Promise<string> {
    return (await this.inPod(pod, script)).stdout.trim()
  }

  /** Events of an object as `Reason: message`. */
  async events(name: string): Promise<string[]> {
    const template = '{range .items[*]}{.reason}: {.message}{"\\n"}{end}'
    const flags = ['--field-selector', `involvedObject.name=${name}`]
    return linesOf(
      await this.kubectl.run(['get', 'events', ...flags, '-o', `jsonpath=${template}`]),
    )
  }

  /** Runs kubectl on a terminal of its own, as a person does. */
  async terminal(words: string, input = ''): Promise<Output> {
    const kubectl = `kubectl --kubeconfig ${this.kubeconfig} --namespace ${NAMESPACE} ${words}`
    const output = await runProgram('script', ['-qec', kubectl, '/dev/null'], input)
    // `script` shows the end of its input, wherever it falls.
    return { ...output, stdout: output.stdout.replaceAll('^@', '') }
  }

  async delete(...pods: string[]): Promise<void> {
    await this.kubectl.run(['delete', 'pod', ...pods, '--now', '--wait=false'])
  }
}

export function linesOf(text: string): string[] {
  const trimmed = text.replaceAll('\r', '').trimEnd()
  return trimmed === '' ? [] : trimmed.split('\n')
}

export function runProgram(program: string, words: string[], input = ''): Promise<Output> {
  return new Promise(resolve => {
    const child = spawn(program, words)
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', text => {
      stdout += text
    })
    child.stderr.on('data', text => {
      stderr += text
    })
    child.on('close', code => resolve({ code: code ?? 137, stdout, stderr }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Resident memory of a process in MiB. */
export function memoryOf(processId: number): number {
  const text = readFileSync(`/proc/${processId}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024)
}
