import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { connectionFromKubeconfig, connectionInCluster, type Files } from './kubeconfig.ts'

const contents: Record<string, string> = {
  '/home/ca.crt': 'CA',
  '/home/token': 'from-file\n',
  '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt': 'POD CA',
  '/var/run/secrets/kubernetes.io/serviceaccount/token': 'pod-token\n',
}
const files: Files = {
  read: async path => {
    const text = contents[path]
    if (text === undefined) throw new Error(`no file ${path}`)
    return text
  },
  resolve: name => (name.startsWith('/') ? name : `/home/${name}`),
}
const base64 = (text: string) => Buffer.from(text).toString('base64')

const text = `
apiVersion: v1
kind: Config
current-context: main
clusters:
- name: here
  cluster: { server: 'https://127.0.0.1:6443', certificate-authority-data: ${base64('INLINE')} }
- name: there
  cluster: { server: 'https://there:1', certificate-authority: ca.crt, tls-server-name: api }
- name: broken
  cluster: {}
users:
- name: admin
  user: { client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')} }
- name: robot
  user: { token: ignored, tokenFile: token }
- name: cloud
  user: { exec: { command: login } }
contexts:
- name: main
  context: { cluster: here, user: admin, namespace: work }
- name: other
  context: { cluster: there, user: robot }
- name: cloud
  context: { cluster: here, user: cloud }
- name: broken
  context: { cluster: broken }
`

test('the current context gives server, authority, certificate and namespace', async () => {
  assert.deepEqual(await connectionFromKubeconfig(text, files), {
    server: 'https://127.0.0.1:6443',
    certificateAuthority: 'INLINE',
    clientCertificate: 'CERT',
    clientKey: 'KEY',
    namespace: 'work',
  })
})

test('files are found beside the kubeconfig, and a token file is read each time', async () => {
  const { token, ...rest } = await connectionFromKubeconfig(text, files, 'other')
  assert.deepEqual(rest, {
    server: 'https://there:1',
    certificateAuthority: 'CA',
    tlsServerName: 'api',
    namespace: 'default',
  })
  assert.ok(typeof token === 'function')
  assert.equal(await token(), 'from-file')
  contents['/home/token'] = 'renewed'
  assert.equal(await token(), 'renewed')
})

test('what cannot be used is said in one sentence', async () => {
  const says = (context: string, pattern: RegExp, content = text) =>
    assert.rejects(connectionFromKubeconfig(content, files, context), error => {
      assert.ok(error instanceof UserError, String(error))
      assert.match(error.message, pattern)
      return true
    })
  await says('nowhere', /has no context "nowhere"/)
  await says('cloud', /signs in by exec, which Proa does not do/)
  await says('broken', /names no server URL/)
  await says('main', /cannot be read/, 'a: [')
  await says('main', /it is no YAML object/, '[]')
  await says('other', /certificate-authority cannot be read/, text.replace('ca.crt,', 'gone.crt,'))
})

test('inside a pod, address and token come from where every pod has them', async () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  const { token, ...rest } = await connectionInCluster(environment, files)
  assert.deepEqual(rest, {
    server: 'https://[fd00::1]:443',
    certificateAuthority: 'POD CA',
    namespace: 'default',
  })
  assert.ok(typeof token === 'function')
  assert.equal(await token(), 'pod-token')
  await assert.rejects(connectionInCluster({}, files), UserError)
})
