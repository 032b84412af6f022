/** The real kubectl approves and denies requests that the real openssl made; what comes of it signs in. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Cluster, startCluster } from '#index'
import { type Kubectl, kubectlMissing, kubectlTo } from '../tools/kubectl.ts'

describe('kubectl certificate', { skip: kubectlMissing() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-kubectl-certificate-'))
  const at = (name: string) => join(directory, name)
  let cluster: Cluster
  let kubectl: Kubectl

  before(async () => {
    cluster = await startCluster({ nodes: { kind: 'none' }, listen: { port: 0 } })
    kubectl = kubectlTo(cluster, directory)
  })
  after(async () => {
    await cluster?.stop()
    rmSync(directory, { recursive: true })
  })

  /** Asks for a certificate for /CN=user/O=group, whose key is left in a file. */
  async function ask(user: string, more = ''): Promise<void> {
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', at(`${user}.key`)]
    const out = ['-out', at(`${user}.csr`), '-subj', `/CN=${user}/O=readers`]
    execFileSync('openssl', ['req', '-new', ...key, ...out], { stdio: 'ignore' })
    const request = `apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: { name: ${user} }
spec:
  request: ${readFileSync(at(`${user}.csr`)).toString('base64')}
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
  ${more}
`
    await kubectl.run(['apply', '-f', '-'], { input: request })
  }

  test('what is approved is signed, and its owner signs in', async () => {
    await ask('ann', 'expirationSeconds: 3600')
    assert.match(await kubectl.run('get csr ann'), /3600s?|60m.*Pending/)
    assert.match(await kubectl.run('certificate approve ann'), /ann approved/)
    await kubectl.run('wait --for=jsonpath={.status.certificate} csr/ann --timeout=150s')
    assert.match(await kubectl.run('get csr ann'), /Approved,Issued/)
    const encoded = await kubectl.run('get csr ann -o jsonpath={.status.certificate}')
    writeFileSync(at('ann.crt'), Buffer.from(encoded, 'base64'))
    const dates = execFileSync('openssl', ['x509', '-noout', '-enddate', '-in', at('ann.crt')])
    const leftMs = Date.parse(dates.toString().replace('notAfter=', '')) - Date.now()
    assert.ok(leftMs > 3_500_000 && leftMs < 3_601_000, `${leftMs}`)

    const set = `config set-credentials ann --client-certificate=${at('ann.crt')} --client-key=${at('ann.key')}`
    await kubectl.run(set)
    const name = await kubectl.run('config view -o jsonpath={.clusters[0].name}')
    await kubectl.run(`config set-context ann --cluster=${name} --user=ann`)
    const who = await kubectl.run('--context=ann auth whoami -o json')
    const { userInfo } = JSON.parse(who).status
    assert.equal(userInfo.username, 'ann')
    assert.deepEqual(userInfo.groups, ['readers', 'system:authenticated'])
    await kubectl.run('create clusterrolebinding readers --clusterrole=view --group=readers')
    assert.match(await kubectl.run('--context=ann get namespaces'), /default/)
    await kubectl.fails('--context=ann get secrets')
  })

  test('what is denied is never signed', async () => {
    await ask('bob')
    await kubectl.run('certificate deny bob')
    assert.match(await kubectl.run('get csr bob'), /Denied/)
    await kubectl.fails('certificate approve bob')
    const certificate = await kubectl.run('get csr bob -o jsonpath={.status.certificate}')
    assert.equal(certificate, '')
  })
})
