/** The cluster under test: `proa up` in a process of its own, with nothing outside this machine to pull from. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { containerdPaths } from '../../../src/kubelet/cri/containerd-config.ts'
import { ProaProcess } from '../proa-process.ts'
import type { Nodes } from './options.ts'
import { type Registry, startRegistry } from './registry.ts'

export interface TestCluster {
  readonly kubeconfig: string
  /** Ends all that was started and removes what it left on the machine. */
  stop(): Promise<void>
}

/** Some tests want two nodes; hollow ones cost nothing. */
const HOLLOW = 'hollow:2'

/** `images` is an OCI image layout; hollow nodes need none. */
export async function startCluster(nodes: Nodes, images?: string): Promise<TestCluster> {
  const proa = new ProaProcess(nodes === 'hollow' ? HOLLOW : 'containerd')
  let registry: Registry | undefined
  const stop = async () => {
    await proa.end('SIGTERM')
    await registry?.stop()
    const { code, text } = proa.reset()
    if (code !== 0) throw new Error(`proa reset ended with ${code}: ${text}`)
  }
  try {
    if (images !== undefined) {
      registry = await startRegistry(images)
      pullOnlyFrom(registry, proa.directory)
    }
    await proa.start()
  } catch (error) {
    await stop()
    throw error
  }
  return { kubeconfig: join(proa.directory, 'admin.conf'), stop }
}

/** containerd's own words for it: `_default` stands for every registry that has no folder. */
function pullOnlyFrom({ url }: Registry, dataDirectory: string): void {
  const directory = join(containerdPaths(dataDirectory).registries, '_default')
  mkdirSync(directory, { recursive: true })
  const lines = [`server = "${url}"`, `[host."${url}"]`, 'capabilities = ["pull", "resolve"]']
  writeFileSync(join(directory, 'hosts.toml'), `${lines.join('\n')}\n`)
}
