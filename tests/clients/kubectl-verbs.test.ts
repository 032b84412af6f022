/**
 * What kubectl says, command by command. Every test is a list of steps in a namespace of its own; a step is a command and what it has to
 * print (its errors too). A command that starts with `!` has to fail.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Cluster, startCluster } from '#index'
import { nodesReady } from '../scenarios/hollow-workloads.ts'
import { type Kubectl, kubectlMissing, kubectlTo } from '../tools/kubectl.ts'
import { type Step, verbs } from './kubectl-verbs.ts'

describe('kubectl, verb by verb', { skip: kubectlMissing(), concurrency: 2 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-verbs-'))
  let cluster: Cluster
  let kubectl: Kubectl

  before(async () => {
    cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 }, listen: { port: 0 } })
    kubectl = kubectlTo(cluster, directory)
    writeFiles(directory, cluster.kubeconfig ?? '')
    await nodesReady(cluster, 2)
  })
  after(async () => {
    await cluster?.stop()
    rmSync(directory, { recursive: true })
  })

  for (const [title, steps] of Object.entries(verbs))
    test(title, async () => {
      const namespace = `t-${title.replace(/[^a-z]+/g, '-').slice(0, 40)}`.replace(/-$/, '')
      await kubectl.run(`create namespace ${namespace}`)
      await kubectl.run([
        'wait',
        '-n',
        namespace,
        '--for=create',
        'serviceaccount/default',
        '--timeout=150s',
      ])
      for (const step of steps) await take(step, namespace)
    })

  async function take([line, expected, input]: Step, namespace: string): Promise<void> {
    const mustFail = line.startsWith('!')
    const words = wordsOf(mustFail ? line.slice(1) : line).map(word =>
      word.replaceAll('DIR', directory).replaceAll('NS', namespace),
    )
    const options = input === undefined ? {} : { input: input.replaceAll('NS', namespace) }
    const { code, stdout, stderr } = await kubectl.try(['-n', namespace, ...words], options)
    const printed = `kubectl ${line} ended with ${code}:\n${stdout}${stderr}`
    assert.equal(code !== 0, mustFail, printed)
    if (typeof expected === 'string') assert.equal(stdout.trim(), expected, printed)
    else assert.match(stdout + stderr, expected)
  }
})

/** Words between spaces; single quotes keep spaces, as in a shell. */
const wordsOf = (line: string) =>
  (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map(word => word.replaceAll("'", ''))

/** What commands read: a text, a key pair and a kustomization. */
function writeFiles(directory: string, kubeconfig: string): void {
  const decoded = (field: string) =>
    Buffer.from(new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64')
  writeFileSync(join(directory, 'cert.pem'), decoded('client-certificate-data'))
  writeFileSync(join(directory, 'key.pem'), decoded('client-key-data'))
  writeFileSync(join(directory, 'greeting'), 'hello')
  mkdirSync(join(directory, 'kustom'))
  writeFileSync(
    join(directory, 'kustom/kustomization.yaml'),
    'namePrefix: my-\nresources: [one.yaml]\nconfigMapGenerator: [{ name: made, literals: [a=b] }]\n',
  )
  writeFileSync(
    join(directory, 'kustom/one.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one, labels: { set: p } }\n',
  )
}
