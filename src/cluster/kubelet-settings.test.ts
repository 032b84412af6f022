import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { parseCommandLine } from '#cli'
import { configuredKubelet, configuredMachine, runProvider } from './kubelet-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-kubelet-settings-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const write = (name: string, text: string) => {
  const path = join(directory, name)
  writeFileSync(
    path,
    `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${text}`,
  )
  return path
}
const main = write(
  'main.yaml',
  `maxPods: 20
port: 10260
clusterDomain: example.org
clusterDNS: [10.0.0.10]
evictionHard: { memory.available: 1Mi }
staticPodPath: /manifests
registerWithTaints: [{ key: a, value: b, effect: NoSchedule }]
serverTLSBootstrap: true
rotateCertificates: false
authentication: { x509: { clientCAFile: /ca.crt } }
podPidsLimit: 100
nodeStatusUpdateFrequency: 4s
`,
)

function valuesOf(name: 'up' | 'kubelet', ...words: string[]) {
  const invocation = parseCommandLine([name, ...words])
  if (invocation?.name !== name) assert.fail()
  return invocation.values
}
const kubelet = (...words: string[]) => {
  const warnings: unknown[] = []
  const log = { ...silentLog, warn: (_: string, fields?: object) => warnings.push(fields) }
  const values = valuesOf('kubelet', ...words) as Parameters<typeof configuredKubelet>[0]
  return configuredKubelet(values, log).then(configured => ({ ...configured, warnings }))
}

test('without files all is as flags say it', async () => {
  const { values, settings, warnings } = await kubelet('--max-pods', '7')
  assert.equal(values.maxPods, 7)
  assert.equal(values.port, undefined)
  assert.deepEqual([settings, warnings], [{ failSwapOn: true, options: {} }, []])
})

test('a kubelet of its own minds swap unless flag or file say otherwise, one in a cluster only where its file says so', async () => {
  const not = write('no-swap.yaml', 'failSwapOn: false\n')
  const strict = write('strict.yaml', 'failSwapOn: true\n')
  const fails = async (...words: string[]) => (await kubelet(...words)).settings.failSwapOn
  assert.equal(await fails('--config', main), true)
  assert.equal(await fails('--fail-swap-on=false'), false)
  assert.equal(await fails('--config', not), false)
  assert.equal(await fails('--config', strict, '--fail-swap-on=false'), false)
  const inCluster = async (file: string) => {
    const values = valuesOf('up', '--kubelet-config', file)
    const given = values as Parameters<typeof configuredMachine>[0]
    return (await configuredMachine(given, silentLog)).settings.failSwapOn
  }
  assert.deepEqual(
    [await inCluster(main), await inCluster(not), await inCluster(strict)],
    [undefined, false, true],
  )
})

test('a file says what flags do not', async () => {
  const { values, settings, warnings } = await kubelet('--config', main)
  assert.equal(values.maxPods, 20)
  assert.equal(values.port, 10260)
  assert.equal(values.clusterDomain, 'example.org')
  assert.equal(values.evictionHard, 'memory.available<1Mi')
  assert.equal(values.staticPodPath, '/manifests')
  assert.equal(values.rotateServerCertificates, true)
  assert.equal(values.rotateCertificates, false)
  assert.deepEqual(
    [...values.registerWithTaints.values()],
    [{ key: 'a', value: 'b', effect: 'NoSchedule' }],
  )
  assert.equal(settings.clientCaFile, '/ca.crt')
  assert.deepEqual(settings.options?.clusterDns, ['10.0.0.10'])
  assert.equal(settings.options?.nodeStatusUpdateMs, 4_000)
  assert.deepEqual(warnings, [{ fields: 'podPidsLimit' }])
})

test('flags count more, and files beside the first one in the order of their names', async () => {
  const more = join(directory, 'more')
  mkdirSync(more)
  write('more/20-b.conf', 'maxPods: 40\n')
  write('more/10-a.conf', 'maxPods: 30\nport: 10270\n')
  write('more/ignored.yaml', 'maxPods: 50\n')
  const files = ['--config', main, '--config-dir', more]
  const { values } = await kubelet(...files, '--eviction-hard', 'memory.available<5Mi')
  assert.deepEqual(
    [values.maxPods, values.port, values.evictionHard],
    [40, 10270, 'memory.available<5Mi'],
  )
  const given = await kubelet(...files, '--max-pods', '5', '--port', '10250')
  assert.deepEqual([given.values.maxPods, given.values.port], [5, 10250])
  await assert.rejects(kubelet('--config-dir', join(directory, 'none')), {
    message: `there is no directory ${join(directory, 'none')}`,
  })
  await assert.rejects(kubelet('--config', join(directory, 'none')), { name: 'UserError' })
})

test('in a whole cluster names and certificates are the cluster’s, and that is told', async () => {
  const warnings: unknown[] = []
  const log = { ...silentLog, warn: (_: string, fields?: object) => warnings.push(fields) }
  const values = valuesOf('up', '--kubelet-config', main, '--root-dir', '/k') as Parameters<
    typeof configuredMachine
  >[0]
  const configured = await configuredMachine(values, log)
  assert.equal(configured.values.maxPods, 20)
  assert.equal(configured.values.kubeletPort, 10260)
  assert.equal(configured.values.clusterDomain, 'cluster.local')
  assert.equal(configured.settings.rootDirectory, '/k')
  assert.equal(configured.settings.options?.clusterDns, undefined)
  assert.deepEqual(warnings, [
    {
      fields: 'authentication, clusterDNS, clusterDomain, podPidsLimit, serverTLSBootstrap',
    },
  ])
})

test('of a credential provider that fails, only what it complains of is told', async () => {
  const run = (script: string) =>
    runProvider('sh', ['-c', script], { input: '{}', env: { REGION: 'north' }, timeoutMs: 5_000 })
  assert.equal(await run('cat; echo $REGION'), '{}north\n')
  await assert.rejects(run('echo password; exit 3'), { message: 'sh ended with exit code 3' })
  await assert.rejects(run('echo password; echo "no login" >&2; exit 1'), {
    message: 'sh ended with exit code 1: no login',
  })
})
