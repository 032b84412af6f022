/**
 * An operator as its users run it: prometheus-operator, built from its own Go module, with its own definitions and roles and the token of
 * its service account. It makes stateful sets whose pods wait for an init container, secrets and rules of what its kinds say.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  attempt,
  buildFolder,
  type ClientCluster,
  missing,
  run,
  startClientCluster,
} from './programs.ts'

const module = 'github.com/prometheus-operator/prometheus-operator'
const program = join(buildFolder('operator'), 'prometheus-operator')
const cwd = join(import.meta.dirname, 'operator')
/** Too long for every run on a machine that has built nothing yet. */
const { PROA_OPERATORS: wanted } = process.env
const unwanted = wanted ? false : 'its first build takes two minutes; PROA_OPERATORS=1 asks for it'

describe('prometheus-operator', { skip: unwanted || missing('go') || missing('kubectl') }, () => {
  let target: ClientCluster
  let operator: ChildProcess | undefined
  let kubeconfig: string
  const said: string[] = []

  const kubectl = (words: string, input?: object) =>
    run('kubectl', ['--kubeconfig', target.kubeconfig, ...words.split(' ')], {
      ...(input === undefined ? {} : { input: JSON.stringify(input) }),
    })

  function start(): void {
    operator = spawn(program, ['--web.listen-address=127.0.0.1:0'], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    operator.stdout?.on('data', text => said.push(String(text)))
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!operator || operator.exitCode !== null || operator.signalCode !== null) return
    const exited = once(operator, 'exit')
    operator.kill(signal)
    await exited
  }

  before(async () => {
    target = await startClientCluster()
    await run('go', ['build', '-o', program, `${module}/cmd/operator`], { cwd })
    const sources = (await run('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd })).trim()
    await kubectl(`apply --server-side -f ${sources}/bundle.yaml`)
    await kubectl('wait --for=condition=Established crd --all --timeout=150s')
    // Its own Deployment would run it in a container; on hollow nodes that only looks so.
    await kubectl('delete deployment prometheus-operator')
    kubeconfig = join(target.directory, 'operator')
    writeFileSync(kubeconfig, await kubeconfigOf())
    start()
  })
  after(async () => {
    await stop('SIGKILL')
    await target?.stop()
  })

  /** With the token of its service account, so with no more than its own roles allow. */
  async function kubeconfigOf(): Promise<string> {
    const token = (await kubectl('create token prometheus-operator')).trim()
    const shown = JSON.parse(await kubectl('config view --raw -o json'))
    const users = [{ name: 'operator', user: { token } }]
    const [{ name: cluster }] = shown.clusters
    const contexts = [{ name: 'operator', context: { cluster, user: 'operator' } }]
    return JSON.stringify({ ...shown, users, contexts, 'current-context': 'operator' })
  }

  test('what its kinds say becomes stateful sets, secrets and config maps', async () => {
    await kubectl('apply --server-side -f -', list(serviceAccount, monitor, rule, prometheus))
    await kubectl('wait --for=condition=Available prometheus/main --timeout=150s')
    await kubectl('rollout status statefulset/prometheus-main --timeout=150s')
    assert.match(await kubectl('get prometheus main'), /^main +2 +2 +True +True /m)
    const data = await kubectl('get secret prometheus-main -o jsonpath={.data}')
    const [config = ''] = Object.values<string>(JSON.parse(data))
    assert.match(
      gunzipSync(Buffer.from(config, 'base64')).toString(),
      /^- job_name: serviceMonitor\/default\/shop\/0$/m,
    )
    const rules = 'get configmap prometheus-main-rulefiles-0 -o jsonpath={.data}'
    assert.match(await kubectl(rules), /ShopIsDown/)
    assert.match(await kubectl('explain prometheus.spec.retention'), /FIELD: retention <string>/)
  })

  test('what its definitions do not allow is refused', async () => {
    const patch = ['patch', 'prometheus', 'main', '--type=merge', '-p']
    const words = ['--kubeconfig', target.kubeconfig, ...patch, '{"spec":{"retention":"5 days"}}']
    const { code, stderr } = await attempt('kubectl', words)
    assert.equal(code, 1)
    assert.match(stderr, /spec\.retention: Invalid value: "5 days": .* should match/)
  })

  test('it takes up again what was changed while it was away', async () => {
    await stop('SIGTERM')
    await kubectl('scale prometheus/main --replicas=2')
    assert.equal(await kubectl('get prometheus main -o jsonpath={.spec.shards}'), '2')
    start()
    await kubectl(
      'wait --for=jsonpath={.status.availableReplicas}=4 prometheus/main --timeout=150s',
    )
    assert.match(await kubectl('get pods'), /^prometheus-main-shard-1-1 +2\/2 +Running/m)
  })

  test('all that it made goes with what it was made for', async () => {
    await kubectl('delete prometheus main --cascade=foreground --timeout=150s')
    for (const kind of ['statefulset', 'pod', 'secret', 'configmap'])
      assert.doesNotMatch(await kubectl(`get ${kind} -o name`), /prometheus-main/)
  })

  test('it had nothing to complain about', () => {
    const lines = said.join('').split('\n')
    assert.ok(lines.some(line => line.includes('successfully synced all caches')))
    assert.deepEqual(
      // That somebody else was faster is no complaint: it looks again and goes on.
      lines.filter(line => /level=(warn|error)/.test(line) && !line.includes('has been modified')),
      [],
    )
  })
})

const list = (...items: object[]) => ({ apiVersion: 'v1', kind: 'List', items })
const monitoring = (kind: string, name: string, spec: object, labels = {}) => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind,
  metadata: { name, labels },
  spec,
})
const matchLabels = { team: 'shop' }
const serviceAccount = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'prometheus' },
}
const monitor = monitoring(
  'ServiceMonitor',
  'shop',
  { selector: { matchLabels: { app: 'shop' } }, endpoints: [{ port: 'web' }] },
  matchLabels,
)
const rule = monitoring(
  'PrometheusRule',
  'shop',
  { groups: [{ name: 'shop', rules: [{ alert: 'ShopIsDown', expr: 'up == 0' }] }] },
  matchLabels,
)
const prometheus = monitoring('Prometheus', 'main', {
  replicas: 2,
  serviceAccountName: 'prometheus',
  serviceMonitorSelector: { matchLabels },
  ruleSelector: { matchLabels },
})
