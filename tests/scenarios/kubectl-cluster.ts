/** A cluster of hollow nodes for the tests of one file, and the real kubectl that talks to it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type Cluster, type ClusterOptions, startCluster } from '#index'
import { type Kubectl, kubectlTo } from '../tools/kubectl.ts'
import { nodesReady } from './hollow-workloads.ts'

export interface KubectlCluster {
  readonly cluster: Cluster
  readonly kubectl: Kubectl
  /** Applies a manifest. */
  apply(manifest: string): Promise<string>
  /** What a JSONPath says of one or more objects. */
  read(what: string, path: string): Promise<string>
}

/** Starts it before the tests of the surrounding suite, once all nodes are ready, and ends it after them. */
export function kubectlCluster(nodes: number, options: ClusterOptions = {}): KubectlCluster {
  const directory = mkdtempSync(join(tmpdir(), 'proa-scenario-'))
  let cluster: Cluster
  let kubectl: Kubectl
  before(async () => {
    cluster = await startCluster({
      nodes: { kind: 'hollow', count: nodes },
      listen: { port: 0 },
      ...options,
    })
    kubectl = kubectlTo(cluster, directory)
    await nodesReady(cluster, nodes)
    await kubectl.run('wait --for=create serviceaccount/default --timeout=150s')
  })
  after(async () => {
    await cluster?.stop()
    rmSync(directory, { recursive: true })
  })
  return {
    get cluster() {
      return cluster
    },
    get kubectl() {
      return kubectl
    },
    apply: manifest => kubectl.run('apply -f -', { input: manifest }),
    read: (what, path) => kubectl.run(['get', ...what.split(' '), '-o', `jsonpath=${path}`]),
  }
}
