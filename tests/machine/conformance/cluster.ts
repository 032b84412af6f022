/** The cluster under test: `proa up` in a process of its own, with nothing outside this machine to pull from. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { containerdPaths } from '../../../src/kubelet/cri/containerd-config.ts'
import { type Families, ProaProcess } from '../proa-process.ts'
import type { Nodes } from './options.ts'
import { type Registry, startRegistry } from './registry.ts'
import { SecondNode, type WayIn } from './second-node.ts'

export interface TestCluster {
  readonly kubeconfig: string
  /** Resolves if the cluster ends by itself, with what it said at last. */
  readonly death: Promise<string>
  /** Of a second node that joined. */
  restartSecond(): Promise<void>
  /** Ends all that was started and removes what it left on the machine. */
  stop(): Promise<void>
}

/** Some tests want two nodes; hollow ones cost nothing. */
const HOLLOW = 'hollow:2'

/** `images` is an OCI image layout, for nodes of containers; `count` of these there are. */
export async function startCluster(
  nodes: Nodes,
  images?: string,
  count: 1 | 2 = 1,
  way: WayIn = 'join',
  families: Families = 'ipv4',
): Promise<TestCluster> {
  const proa = new ProaProcess(nodes === 'hollow' ? HOLLOW : 'containerd', [], families)
  const second = nodes === 'containerd' && count === 2 ? new SecondNode(proa, way) : undefined
  const ends = [
    async () => {
      await proa.end('SIGTERM')
      const { code, text } = proa.reset()
      if (code !== 0) throw new Error(`proa reset ended with ${code}: ${text}`)
    },
  ]
  const stop = async () => {
    // Every part is ended, whatever becomes of the others.
    const failures: unknown[] = []
    for (const end of ends.splice(0).reverse()) await end().catch(error => failures.push(error))
    if (failures.length > 0) throw new AggregateError(failures, failures.join('; '))
  }
  const serveImages = async (layout: string, directory: string, address?: string) => {
    const registry = await startRegistry(layout, address)
    ends.push(() => registry.stop())
    pullOnlyFrom(registry, directory)
  }
  try {
    if (second) {
      ends.push(() => second.stop())
      second.lay()
      if (images !== undefined) await serveImages(images, second.data, second.registry)
    }
    if (images !== undefined) await serveImages(images, proa.directory)
    // On the wire, where the second one finds it.
    await proa.start(...(second ? ['--bind-address', second.gateway] : []))
    await second?.start()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    kubeconfig: join(proa.directory, 'admin.conf'),
    death: proa.death(),
    restartSecond: async () => second?.restart(),
    stop,
  }
}

/** containerd's own words for it: `_default` stands for every registry that has no folder. */
function pullOnlyFrom({ url }: Registry, dataDirectory: string): void {
  const directory = join(containerdPaths(dataDirectory).registries, '_default')
  mkdirSync(directory, { recursive: true })
  const lines = [`server = "${url}"`, `[host."${url}"]`, 'capabilities = ["pull", "resolve"]']
  writeFileSync(join(directory, 'hosts.toml'), `${lines.join('\n')}\n`)
}
