/** Runs the real kubectl against a cluster under test. */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why kubectl cannot be used here, or undefined. */
export function kubectlMissing(): string | undefined {
  return spawnSync('kubectl', ['version', '--client']).status === 0
    ? undefined
    : 'kubectl is not on this machine'
}

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface KubectlOptions {
  readonly input?: string
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A kubectl for the administrator of a cluster; its kubeconfig comes into `directory`. */
export function kubectlTo(cluster: { readonly kubeconfig?: string }, directory: string): Kubectl {
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, cluster.kubeconfig ?? '')
  return new Kubectl(kubeconfig)
}

/** Longer than any command waits by a `--timeout` of its own. */
const RUN_LIMIT_MS = 180_000

/** How long a command may take to print what is waited for. */
const FOLLOW_LIMIT_MS = 150_000

/** A kubectl that always talks to one cluster, as the user of that kubeconfig. */
export class Kubectl {
  readonly #kubeconfig: string
  readonly #first: readonly string[]

  /** `first` goes before every command, such as `--namespace`, `shop`. */
  constructor(kubeconfig: string, ...first: readonly string[]) {
    this.#kubeconfig = kubeconfig
    this.#first = first
  }

  /** Runs to the end and gives whatever came of it. Words are split at spaces; pass an array where a word has some. */
  try(words: string | readonly string[], options: KubectlOptions = {}): Promise<Output> {
    const list = typeof words === 'string' ? words.split(' ') : words
    return new Promise(resolve => {
      const child = spawn('kubectl', ['--kubeconfig', this.#kubeconfig, ...this.#first, ...list], {
        env: { ...process.env, ...options.env },
      })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', text => {
        stdout += text
      })
      child.stderr.on('data', text => {
        stderr += text
      })
      const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? RUN_LIMIT_MS)
      child.on('close', code => {
        clearTimeout(timer)
        resolve({ code: code ?? 137, stdout, stderr })
      })
      child.stdin.on('error', () => {})
      child.stdin.end(options.input ?? '')
    })
  }

  /** Standard output of a command that has to succeed. */
  async run(words: string | readonly string[], options: KubectlOptions = {}): Promise<string> {
    const output = await this.try(words, options)
    if (output.code !== 0)
      throw new Error(
        `kubectl ${typeof words === 'string' ? words : words.join(' ')} ended with ${output.code}:\n${output.stderr}${output.stdout}`,
      )
    return output.stdout
  }

  /** Runs a command that does not end by itself until it has printed what is waited for; gives all that it printed. */
  follow(words: string | readonly string[], wanted: RegExp, input?: string): Promise<string> {
    const list = typeof words === 'string' ? words.split(' ') : words
    return new Promise((resolve, reject) => {
      const child = spawn('kubectl', ['--kubeconfig', this.#kubeconfig, ...list])
      let printed = ''
      const take = (text: Buffer) => {
        printed += text
        if (wanted.test(printed)) child.kill('SIGTERM')
      }
      child.stdout.on('data', take)
      child.stderr.on('data', take)
      const timer = setTimeout(() => child.kill('SIGKILL'), FOLLOW_LIMIT_MS)
      child.on('close', () => {
        clearTimeout(timer)
        if (wanted.test(printed)) resolve(printed)
        else reject(new Error(`kubectl ${list.join(' ')} never said ${wanted}, but:\n${printed}`))
      })
      child.stdin.on('error', () => {})
      if (input === undefined) child.stdin.end()
      else child.stdin.write(input)
    })
  }

  /** Standard error of a command that has to fail. */
  async fails(words: string | readonly string[], options: KubectlOptions = {}): Promise<string> {
    const output = await this.try(words, options)
    if (output.code === 0)
      throw new Error(
        `kubectl ${typeof words === 'string' ? words : words.join(' ')} was expected to fail, but said:\n${output.stdout}`,
      )
    return output.stderr
  }
}
