import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { isStatus, type StatusReason } from '#api/machinery/status.ts'
import { clusterRole, rule } from '../authorization/bootstrap-rules.ts'
import { userOf } from '../authorization/testing.ts'
import { type AdmissionRequest, runMutations, runValidations } from './admission.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { OWN_PLUGINS } from './plugin-names.ts'
import { priority } from './priority.ts'
import { serviceAccountStep } from './service-account.ts'
import { admissionSteps, createAdmissionSteps } from './steps.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { admit, podNamed, requestOf, testWorld } from './testing.ts'

const namespace = (name: string, phase: 'Active' | 'Terminating' = 'Active'): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
  spec: {},
  status: { phase },
})
const account = (name: string, more: Partial<ServiceAccount> = {}): ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: 'shop', uid: 'sa' },
  ...more,
})
function world() {
  const made = testWorld()
  made.namespaces.set('shop', namespace('shop'))
  made.namespaces.set('kube-node-lease', namespace('kube-node-lease'))
  made.namespaces.set('going', namespace('going', 'Terminating'))
  made.accounts.set('shop/default', account('default'))
  return made
}
const refused = (reason: StatusReason, message: string) => (error: unknown) => {
  assert.ok(isStatus(error, reason), String(error))
  assert.equal(error.message, message)
  return true
}

test('nothing is made in a namespace that is missing or going', async () => {
  const step = namespaceLifecycle(world())
  await admit(step, { object: podNamed('web') })
  await assert.rejects(
    admit(step, { object: podNamed('web'), namespace: 'nowhere' }),
    refused('NotFound', 'namespaces "nowhere" not found'),
  )
  const going = admit(step, { object: podNamed('web'), namespace: 'going' })
  await assert.rejects(going, error => {
    assert.ok(isStatus(error, 'Forbidden'))
    assert.equal(
      error.message,
      'pods "web" is forbidden: unable to create new content in namespace going because it is being terminated',
    )
    assert.deepEqual(error.status.details, {
      name: 'web',
      kind: 'pods',
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: 'namespace going is being terminated',
          field: 'metadata.namespace',
        },
      ],
    })
    return true
  })
  // What is there may still be changed and deleted, and one may ask what one may do.
  const web = podNamed('web')
  await admit(step, { operation: 'UPDATE', object: web, oldObject: web, namespace: 'going' })
  await admit(step, { operation: 'DELETE', oldObject: web, namespace: 'going' })
  const resource = 'localsubjectaccessreviews.authorization.k8s.io'
  await admit(step, { resource, namespace: 'nowhere', object: web })
})

test('three namespaces never go', async () => {
  const step = namespaceLifecycle(world())
  const remove = (name: string) =>
    admit(step, { operation: 'DELETE', resource: 'namespaces', namespace: name, name })
  for (const name of ['default', 'kube-system', 'kube-public'])
    await assert.rejects(
      remove(name),
      refused('Forbidden', `namespaces "${name}" is forbidden: this namespace may not be deleted`),
    )
  await remove('shop')
})

test('a pod gets its account and a token where libraries look', async () => {
  const step = serviceAccountStep(world())
  const pod = await admit(step, {
    object: podNamed('web', { initContainers: [{ name: 'init', resources: {} }] }),
  })
  assert.equal(pod.spec.serviceAccountName, 'default')
  assert.equal(pod.spec.serviceAccount, 'default')
  const mount = {
    name: 'kube-api-access-bbbbb',
    readOnly: true,
    mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  }
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])])
    assert.deepEqual(container.volumeMounts, [mount])
  assert.deepEqual(pod.spec.volumes, [
    {
      name: 'kube-api-access-bbbbb',
      projected: {
        defaultMode: 420,
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [
                {
                  path: 'namespace',
                  fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
                },
              ],
            },
          },
        ],
      },
    },
  ])
  // A second run, as with a retried create, adds nothing.
  assert.deepEqual((await admit(step, { object: pod })).spec, pod.spec)
})

test('pod and account may decline the token; the pod has the last word', async () => {
  const made = world()
  made.accounts.set('shop/quiet', account('quiet', { automountServiceAccountToken: false }))
  const step = serviceAccountStep(made)
  const volumes = async (spec: Parameters<typeof podNamed>[1]) =>
    (await admit(step, { object: podNamed('web', spec) })).spec.volumes?.length ?? 0
  assert.equal(await volumes({ automountServiceAccountToken: false }), 0)
  assert.equal(await volumes({ serviceAccountName: 'quiet' }), 0)
  assert.equal(
    await volumes({ serviceAccountName: 'quiet', automountServiceAccountToken: true }),
    1,
  )
  const own = [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }]
  assert.equal(await volumes({ containers: [{ name: 'c', resources: {}, volumeMounts: own }] }), 0)
})

test('pull secrets come from the account unless the pod names its own', async () => {
  const made = world()
  made.accounts.set('shop/default', account('default', { imagePullSecrets: [{ name: 'hub' }] }))
  const step = serviceAccountStep(made)
  const names = async (spec: Parameters<typeof podNamed>[1]) =>
    (await admit(step, { object: podNamed('web', spec) })).spec.imagePullSecrets
  assert.deepEqual(await names({}), [{ name: 'hub' }])
  assert.deepEqual(await names({ imagePullSecrets: [{ name: 'mine' }] }), [{ name: 'mine' }])
})

test('an account that is not there refuses the pod; the default one is waited for', async () => {
  const made = world()
  const step = serviceAccountStep(made)
  await assert.rejects(
    admit(step, { object: podNamed('web', { serviceAccountName: 'no' }) }),
    refused(
      'Forbidden',
      'pods "web" is forbidden: error looking up service account shop/no: serviceaccount "no" not found',
    ),
  )
  await assert.rejects(
    admit(step, { object: podNamed('web', { serviceAccountName: 'a/b' }) }),
    refused(
      'Forbidden',
      'pods "web" is forbidden: error looking up service account shop/a/b: invalid resource name "a/b": [may not contain \'/\']',
    ),
  )
  let asked = 0
  const late = serviceAccountStep({
    ...made,
    serviceAccount: (space, name) => (++asked < 5 ? undefined : made.serviceAccount(space, name)),
  })
  const pod = await admit(late, { object: podNamed('web') })
  assert.equal(pod.spec.serviceAccountName, 'default')
  const never = serviceAccountStep({ ...made, serviceAccount: () => undefined })
  await assert.rejects(admit(never, { object: podNamed('web') }), error =>
    isStatus(error, 'Forbidden'),
  )
})

test('a mirror pod has neither account nor secrets', async () => {
  const step = serviceAccountStep(world())
  const mirror = (spec: Parameters<typeof podNamed>[1]) => {
    const pod = podNamed('static', spec)
    pod.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' }
    return admit(step, { object: pod })
  }
  assert.equal((await mirror({})).spec.serviceAccountName, undefined)
  for (const spec of [
    { serviceAccountName: 'default' },
    { volumes: [{ name: 'v', secret: { secretName: 's' } }] },
    { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
  ])
    await assert.rejects(mirror(spec), error => isStatus(error, 'Forbidden'))
})

test('tolerations for lost nodes are added once', async () => {
  const step = defaultTolerationSeconds({})
  const first = await admit(step, { object: podNamed('web') })
  const common = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }
  assert.deepEqual(first.spec.tolerations, [
    { key: 'node.kubernetes.io/not-ready', ...common },
    { key: 'node.kubernetes.io/unreachable', ...common },
  ])
  const again = await admit(step, { object: first })
  assert.deepEqual(again.spec.tolerations, first.spec.tolerations)
  const all = podNamed('web', { tolerations: [{ operator: 'Exists' }] })
  assert.equal((await admit(step, { object: all })).spec.tolerations?.length, 1)
  const other = podNamed('web', {
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' },
    ],
  })
  assert.equal((await admit(step, { object: other })).spec.tolerations?.length, 3)
  const told = defaultTolerationSeconds({ tolerationSeconds: { notReady: 5, unreachable: 0 } })
  const { spec } = await admit(told, { object: podNamed('web') })
  assert.deepEqual(
    spec.tolerations?.map(each => each.tolerationSeconds),
    [5, 0],
  )
})

test('priorities come from class names alone', async () => {
  const of = async (spec: Parameters<typeof podNamed>[1]) =>
    (await admit(priority(world()), { object: podNamed('web', spec) })).spec
  assert.equal((await of({})).priority, 0)
  assert.equal((await of({})).preemptionPolicy, 'PreemptLowerPriority')
  assert.equal((await of({ priorityClassName: 'system-node-critical' })).priority, 2000001000)
  assert.equal((await of({ priorityClassName: 'system-cluster-critical' })).priority, 2000000000)
  for (const name of ['mine', '__proto__', 'constructor'])
    await assert.rejects(
      of({ priorityClassName: name }),
      refused('Forbidden', `pods "web" is forbidden: no PriorityClass with name ${name} was found`),
    )
  await assert.rejects(of({ priority: 5 }), error => isStatus(error, 'Forbidden'))
  const before = podNamed('web', { priority: 7 })
  const after = await admit(priority(world()), {
    operation: 'UPDATE',
    object: podNamed('web'),
    oldObject: before,
  })
  assert.equal(after.spec.priority, 7)
})

test('a new node waits until it is ready', async () => {
  const node = (spec: Node['spec'] = {}): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a' },
    spec,
    status: {} as Node['status'],
  })
  const admitted = await admit(taintNodesByCondition, { resource: 'nodes', object: node() })
  const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' as const }
  assert.deepEqual(admitted.spec.taints, [taint])
  const tainted = await admit(taintNodesByCondition, {
    resource: 'nodes',
    object: node({ taints: [taint] }),
  })
  assert.equal(tainted.spec.taints?.length, 1)
  const updated = await admit(taintNodesByCondition, {
    operation: 'UPDATE',
    resource: 'nodes',
    object: node(),
    oldObject: node(),
  })
  assert.equal(updated.spec.taints, undefined)
})

test('the plugins that can be named are the steps that upstream has, too', () => {
  // What upstream does elsewhere, or does not let anybody turn off.
  const others = ['PodCertificateSigning', 'RBACEscalation', 'DeviceAdminAccess']
  const names = createAdmissionSteps(world()).map(step => step.name)
  assert.deepEqual([...OWN_PLUGINS], names.filter(name => !others.includes(name)).sort())
})

test('all steps run in order, leave other kinds alone, and stop grants', async () => {
  assert.deepEqual(
    createAdmissionSteps(world()).map(step => step.name),
    [
      'NamespaceLifecycle',
      'LimitRanger',
      'ServiceAccount',
      'NodeRestriction',
      'TaintNodesByCondition',
      'PodSecurity',
      'Priority',
      'DefaultTolerationSeconds',
      'RuntimeClass',
      'DefaultIngressClass',
      'DefaultStorageClass',
      'StorageObjectInUseProtection',
      'PersistentVolumeClaimResize',
      'PodTopologyLabels',
      'MutatingAdmissionPolicy',
      'MutatingAdmissionWebhook',
      'CertificateApproval',
      'CertificateSigning',
      'PodCertificateSigning',
      'ClusterTrustBundleAttest',
      'CertificateSubjectRestriction',
      'RBACEscalation',
      'DeviceAdminAccess',
      'NodeDeclaredFeatureValidator',
      'PodResizeValidator',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionWebhook',
      'ResourceQuota',
    ],
  )
  assert.ok(admissionSteps.every(({ why }) => why.length > 10))
  const steps = createAdmissionSteps(world())
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' } }
  assert.deepEqual(await admit(steps, { resource: 'configmaps', object: map }), map)
  // The body may call itself what it likes.
  const role = { ...clusterRole('mine', [rule('*', '*', '*')]), kind: 'ConfigMap' }
  const write = {
    resource: 'clusterroles.rbac.authorization.k8s.io',
    namespace: '',
    object: role,
    user: userOf('eve', 'system:authenticated'),
  }
  const before = { ...role, rules: [] }
  for (const asked of [write, { ...write, operation: 'UPDATE' as const, oldObject: before }])
    await assert.rejects(
      admit(steps, asked),
      error => isStatus(error, 'Forbidden') && /not currently held/.test(error.message),
    )
})

test('a step is asked about its resources alone, in their group, with any subresource', async () => {
  const asked: string[] = []
  const note = (step: string) => (request: AdmissionRequest) => {
    asked.push(`${step} ${request.resource.resource}/${request.subresource}`)
  }
  const some = { name: 'Some', resources: ['pods', 'deployments.apps'] }
  const steps = [
    { ...some, mutate: note('some changes'), validate: note('some judges') },
    { name: 'All', validate: note('all judges') },
  ]
  const object = { apiVersion: 'v1', kind: 'Any', metadata: { name: 'a' } }
  for (const resource of ['pods/status', 'deployments.apps', 'deployments.example.com', 'nodes'])
    await admit(steps, { operation: 'UPDATE', resource, object, oldObject: object })
  const both = (of: string) => [`some changes ${of}`, `some judges ${of}`, `all judges ${of}`]
  assert.deepEqual(asked, [
    ...both('pods/status'),
    ...both('deployments/'),
    'all judges deployments/',
    'all judges nodes/',
  ])
  // What was chosen for one list of steps is not taken for another's.
  const request = requestOf({ resource: 'pods', object })
  asked.length = 0
  for (const step of steps) await runValidations([step], request)
  assert.deepEqual(asked, ['some judges pods/', 'all judges pods/'])
})

test('no step makes an ordinary write wait', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'shop' } }
  for (const resource of ['configmaps', 'events', 'leases.coordination.k8s.io']) {
    const request = requestOf({ operation: 'UPDATE', resource, object, oldObject: object })
    for (const step of createAdmissionSteps(world())) {
      const what = `${step.name} of ${resource}`
      assert.equal(runMutations([step], request, { ...object }), undefined, what)
      assert.equal(runValidations([step], request), undefined, what)
    }
  }
  const resource = 'leases.coordination.k8s.io'
  const [namespace, name] = ['kube-node-lease', 'n1']
  const user = userOf('system:node:n1', 'system:nodes')
  const lease = { ...object, metadata: { name, namespace } }
  const asked = { resource, namespace, user, object: lease, oldObject: lease }
  const renewal = requestOf({ ...asked, operation: 'UPDATE' })
  assert.equal(runValidations(createAdmissionSteps(world()), renewal), undefined)
})
