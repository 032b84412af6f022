/**
 * Programs of other languages against one cluster on hollow nodes. Each is a small file beside its test, prints what it has done
 * and exits with an error at the first wrong thing. What is built stays below the machine's folder for temporary files, so that
 * only the first run on a machine compiles everything.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cluster, startCluster } from '#index'

/** Why tests that need this tool are skipped here, or false. */
export function missing(tool: string): string | false {
  return spawnSync(tool, ['--help']).error ? `${tool} is not on this machine` : false
}

/** A folder for what is built from these sources; it outlives the run. */
export function buildFolder(name: string): string {
  const folder = join(tmpdir(), 'proa-clients', name)
  mkdirSync(folder, { recursive: true })
  return folder
}

export interface ClientCluster {
  readonly cluster: Cluster
  readonly kubeconfig: string
  /** For what this run alone needs; gone after `stop`. */
  readonly directory: string
  stop(): Promise<void>
}

export async function startClientCluster(): Promise<ClientCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-client-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 }, listen: { port: 0 } })
  writeFileSync(kubeconfig, cluster.kubeconfig ?? '')
  return {
    cluster,
    kubeconfig,
    directory,
    async stop() {
      await cluster.stop()
      rmSync(directory, { recursive: true })
    },
  }
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; asynchronous, because the cluster lives in this process. */
export function attempt(
  file: string,
  words: readonly string[],
  { cwd, env, input = '' }: RunOptions = {},
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, { cwd, env: { ...process.env, ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', text => {
      stdout += text
    })
    child.stderr.on('data', text => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code: code ?? 137, stdout, stderr }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Standard output of a program that has to succeed. */
export async function run(
  file: string,
  words: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(file, words, options)
  if (code === 0) return stdout
  throw new Error(`${file} ${words.join(' ')} ended with ${code}:\n${stderr}${stdout}`)
}
