import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllers, parseEnabled } from './controllers.ts'

const enabled = (text: string) =>
  controllers.filter(({ name }) => parseEnabled(text)(name)).map(({ name }) => name)

test('--controllers names what runs', () => {
  const all = controllers.filter(({ isOffByDefault }) => !isOffByDefault).length
  assert.equal(enabled('*').length, all)
  assert.equal(
    enabled('*,tokencleaner,bootstrapsigner,selinux-warning-controller').length,
    controllers.length,
  )
  assert.deepEqual(enabled('deployment-controller'), ['deployment-controller'])
  assert.equal(enabled('*,-deployment-controller').length, all - 1)
  assert.deepEqual(enabled(''), [])
  assert.deepEqual(
    enabled('-deployment-controller'),
    [],
    'without * nothing else runs, as upstream',
  )
  assert.equal(enabled('*,-deployment,-nodeipam').length, all - 2)
  assert.deepEqual(enabled('-*'), enabled(''))
  assert.equal(enabled('*,-node-route-controller').length, all)
  assert.throws(
    () => parseEnabled('*,node-route-controller'),
    /does not have the controller "node-route/,
  )
  assert.throws(() => parseEnabled('*,-deploy'), /there is no controller "deploy"/)
})

/**
 * Bare facts: the controllers of kube-controller-manager 1.36, of which `off` are off by default and `gate` behind a feature gate that is;
 * those of cloud providers are not among them.
 */
const UPSTREAM = `
bootstrap-signer-controller off
certificatesigningrequest-approving-controller
certificatesigningrequest-cleaner-controller
certificatesigningrequest-signing-controller
clusterrole-aggregation-controller
cronjob-controller
daemonset-controller
deployment-controller
device-taint-eviction-controller
disruption-controller
endpoints-controller
endpointslice-controller
endpointslice-mirroring-controller
ephemeral-volume-controller
garbage-collector-controller
horizontal-pod-autoscaler-controller
job-controller
kube-apiserver-serving-clustertrustbundle-publisher-controller gate
legacy-serviceaccount-token-cleaner-controller
namespace-controller
node-ipam-controller
node-lifecycle-controller
persistentvolume-attach-detach-controller
persistentvolume-binder-controller
persistentvolume-expander-controller
persistentvolume-protection-controller
persistentvolumeclaim-protection-controller
pod-garbage-collector-controller
podcertificaterequest-cleaner-controller gate
podgroup-protection-controller gate
replicaset-controller
replicationcontroller-controller
resourceclaim-controller
resourcepoolstatusrequest-controller gate
resourcequota-controller
root-ca-certificate-publisher-controller
selinux-warning-controller off
service-cidr-controller
serviceaccount-controller
serviceaccount-token-controller
statefulset-controller
storage-version-migrator-controller gate
storageversion-garbage-collector-controller gate
taint-eviction-controller
token-cleaner-controller off
ttl-after-finished-controller
ttl-controller
validatingadmissionpolicy-status-controller
volumeattributesclass-protection-controller`

/** What upstream has and Proa does not; this list only shrinks. */
const MISSING = [
  'resourcepoolstatusrequest-controller',
  'storageversion-garbage-collector-controller',
]

test('the list is upstream’s, but for what is known to be missing', () => {
  const upstream = UPSTREAM.trim()
    .split('\n')
    .map(line => line.split(' ')[0] ?? '')
  const names = controllers.map(({ name }) => name)
  assert.deepEqual(
    upstream.filter(name => !names.includes(name) && !MISSING.includes(name)),
    [],
  )
  assert.deepEqual(
    names.filter(name => !upstream.includes(name)),
    ['local-path-provisioner-controller', 'service-lb-controller'],
    'what is our own',
  )
  const off = upstream.filter(name => UPSTREAM.includes(`${name} off`))
  assert.deepEqual(
    controllers
      .filter(({ isOffByDefault }) => isOffByDefault)
      .map(({ name }) => name)
      .toSorted(),
    off.filter(name => names.includes(name)),
  )
  for (const name of MISSING.filter(name => !names.includes(name)))
    assert.throws(() => parseEnabled(name), /does not have the controller/, name)
})

test('every controller is listed once, under upstream’s name', () => {
  const names = controllers.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.every(name => /^[a-z-]+-controller$/.test(name)))
  for (const name of names) assert.ok(parseEnabled(name)(name), name)
})
