import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { createAdmissionSteps } from '#apiserver/admission/steps.ts'
import { admit, podNamed, testWorld } from '#apiserver/admission/testing.ts'
import { parseCommandLine } from '#cli'
import { systemClock } from '#host/clock.ts'
import { admissionOptionsOf } from './admission-options.ts'
import { openAdmission } from './open-admission.ts'

let asked = 0
let answer: { status: number; body: object } = { status: 200, body: {} }
const server = createServer((request, response) => {
  request.resume()
  asked++
  response.writeHead(answer.status).end(JSON.stringify(answer.body))
})
before(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  server.closeAllConnections()
  server.close()
})

async function open(files: Readonly<Record<string, object>>, ...flags: string[]) {
  const invocation = parseCommandLine(['apiserver', ...flags])
  if (invocation?.name !== 'apiserver') throw new Error('no API server')
  const { admission = {} } = admissionOptionsOf(invocation.values)
  const { security, close } = await openAdmission(admission, {
    files: {
      read: path => (files[path] ? Buffer.from(JSON.stringify(files[path])) : undefined),
    },
  })
  const { pluginConfiguration, enabledAdmission, disabledAdmission } = security
  const world = { ...testWorld(), clock: systemClock, pluginConfiguration }
  const steps = createAdmissionSteps(world, enabledAdmission).filter(
    ({ name }) => !disabledAdmission?.has(name),
  )
  return { steps, close }
}

test('plugins are on and off by their names, and misspelt ones are told', async () => {
  const { steps } = await open(
    {},
    '--enable-admission-plugins=AlwaysDeny,PodSecurity',
    '--disable-admission-plugins=LimitRanger',
  )
  const names = steps.map(({ name }) => name)
  assert.equal(names.at(-1), 'AlwaysDeny')
  assert.ok(!names.includes('LimitRanger'))
  assert.equal(names.filter(name => name === 'PodSecurity').length, 1)
  for (const [flags, message] of [
    [['--enable-admission-plugins=Foo'], 'enable-admission-plugins plugin "Foo" is unknown'],
    [
      ['--enable-admission-plugins=Priority', '--disable-admission-plugins=Priority'],
      '[Priority] in enable-admission-plugins and disable-admission-plugins overlapped',
    ],
    [
      ['--disable-admission-plugins=JobValidation'],
      'Proa cannot turn off JobValidation: kinds judge that themselves',
    ],
    [
      ['--enable-admission-plugins=EventRateLimit'],
      'EventRateLimit needs a configuration: give it in --admission-control-config-file',
    ],
    [
      ['--admission-control-config-file=/nowhere'],
      'unable to read admission control configuration from "/nowhere" [open /nowhere: no such file or directory]',
    ],
  ] as const)
    await assert.rejects(open({}, ...flags), { message })
})

test('images are asked about, once for a while; what it means that nobody answers is configured', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: url } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  const openWith = async (defaultAllow: boolean) => {
    const configuration = { imagePolicy: { kubeConfigFile: 'hook', retryBackoff: 1, defaultAllow } }
    const file = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [{ name: 'ImagePolicyWebhook', configuration }],
    }
    const { steps, close } = await open(
      { hook: kubeconfig, file },
      '--enable-admission-plugins=ImagePolicyWebhook',
      '--admission-control-config-file=file',
    )
    const step = steps.find(({ name }) => name === 'ImagePolicyWebhook')
    assert.ok(step)
    const write = (image: string) =>
      admit(step, {
        object: podNamed('a', { containers: [{ name: 'main', image, resources: {} }] }),
      })
    return { write, close }
  }
  const refusal = (text: string) => (error: unknown) => isStatus(error) && error.message === text
  const strict = await openWith(false)
  answer = { status: 200, body: { status: { allowed: true } } }
  await strict.write('good')
  await strict.write('good')
  assert.equal(asked, 1)
  answer = { status: 200, body: { status: { allowed: false, reason: 'old' } } }
  await assert.rejects(
    strict.write('bad'),
    refusal('pods "a" is forbidden: image policy webhook backend denied one or more images: old'),
  )
  answer = { status: 404, body: {} }
  await assert.rejects(
    strict.write('unknown'),
    refusal('pods "a" is forbidden: the server could not find the requested resource'),
  )
  strict.close()
  const lenient = await openWith(true)
  await lenient.write('unknown')
  lenient.close()
})
