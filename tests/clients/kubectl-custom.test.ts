/** The real kubectl with a resource of one's own: defined, used in every way, and gone again. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Cluster, startCluster } from '#index'
import { type Kubectl, kubectlMissing, kubectlTo } from '../tools/kubectl.ts'

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: crontabs.stable.example.com }
spec:
  group: stable.example.com
  scope: Namespaced
  names: { plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all] }
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is to run and when.
            required: [cronSpec]
            properties:
              cronSpec: { type: string, pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$', description: 'When it runs.' }
              image: { type: string, default: 'busybox' }
              replicas: { type: integer, minimum: 1, maximum: 10 }
              mounts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [path]
                items: { type: object, required: [path], properties: { path: { type: string }, mode: { type: string } } }
          status:
            type: object
            properties:
              replicas: { type: integer }
              labelSelector: { type: string }
    subresources:
      status: {}
      scale: { specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.labelSelector }
    selectableFields: [ { jsonPath: .spec.image } ]
    additionalPrinterColumns:
    - { name: Spec, type: string, jsonPath: .spec.cronSpec }
    - { name: Replicas, type: integer, jsonPath: .spec.replicas }
    - { name: Image, type: string, jsonPath: .spec.image, priority: 1 }
    - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
`

const cronTab = (name: string, spec: string) => `apiVersion: stable.example.com/v1
kind: CronTab
metadata: { name: ${name} }
spec: ${spec}
`

describe('kubectl and a custom resource', { skip: kubectlMissing() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-kubectl-custom-'))
  let cluster: Cluster
  let kubectl: Kubectl

  before(async () => {
    cluster = await startCluster({ nodes: { kind: 'hollow', count: 1 }, listen: { port: 0 } })
    kubectl = kubectlTo(cluster, directory)
    await kubectl.run(['apply', '-f', '-'], { input: definition })
    await kubectl.run(
      'wait --for=condition=Established crd/crontabs.stable.example.com --timeout=150s',
    )
  })
  after(async () => {
    await cluster?.stop()
    rmSync(directory, { recursive: true })
  })

  const apply = (text: string, ...words: string[]) =>
    kubectl.run(['apply', '-f', '-', ...words], { input: text })
  const refused = (text: string, ...words: string[]) =>
    kubectl.fails(['apply', '-f', '-', ...words], { input: text })

  test('is discovered and explained', async () => {
    assert.match(
      await kubectl.run('api-resources --api-group=stable.example.com'),
      /^crontabs +ct +stable\.example\.com\/v1 +true +CronTab/m,
    )
    assert.match(
      await kubectl.run('explain crontab.spec.cronSpec'),
      /FIELD: cronSpec <string>[\s\S]*When it runs\./,
    )
    assert.match(await kubectl.run('explain ct --recursive'), /mounts\s+<\[\]Object>/)
    assert.match(await kubectl.run('get crd'), /NAME +CREATED AT\ncrontabs\.stable\.example\.com/)
  })

  test('is created, listed by its columns, described and deleted', async () => {
    await apply(cronTab('nightly', '{ cronSpec: "0 3 * * *", replicas: 2 }'))
    assert.match(
      await kubectl.run('get ct'),
      /NAME +SPEC +REPLICAS +AGE\nnightly +0 3 \* \* \* +2 +\d+s/,
    )
    assert.match(await kubectl.run('get crontabs -o wide'), /IMAGE +AGE\n.*busybox/)
    assert.equal(
      (await kubectl.run('get ct --field-selector spec.image=busybox -o name')).trim(),
      'crontab.stable.example.com/nightly',
    )
    assert.match(await kubectl.run('get all'), /crontab\.stable\.example\.com\/nightly/)
    assert.match(await kubectl.run('describe ct nightly'), /Cron Spec: +0 3 \* \* \*/)
    assert.match(
      await kubectl.run('delete ct nightly'),
      /crontab\.stable\.example\.com "nightly" deleted/,
    )
  })

  test('obeys its schema, and tells what it does not know', async () => {
    const wrong = await refused(cronTab('wrong', '{ cronSpec: "often", replicas: 11 }'))
    assert.match(
      wrong,
      /spec\.cronSpec: Invalid value: "often": spec\.cronSpec in body should match/,
    )
    assert.match(wrong, /spec\.replicas in body should be less than or equal to 10/)
    assert.match(
      await refused(cronTab('wrong', '{ cronSpec: "* * * * *", colour: red }')),
      /strict decoding error: unknown field "spec\.colour"/,
    )
    const told = await kubectl.try(['apply', '--validate=warn', '-f', '-'], {
      input: cronTab('warned', '{ cronSpec: "* * * * *", colour: red }'),
    })
    assert.match(told.stderr, /unknown field "spec\.colour"/)
    assert.equal(await kubectl.run('get ct warned -o jsonpath={.spec.colour}'), '')
    await kubectl.run('delete ct warned')
  })

  test('is applied by the client and by the server, patched and edited', async () => {
    await apply(cronTab('job', '{ cronSpec: "* * * * *", replicas: 1 }'))
    assert.match(await apply(cronTab('job', '{ cronSpec: "* * * * *", replicas: 1 }')), /unchanged/)
    assert.match(
      await apply(cronTab('job', '{ cronSpec: "* * * * *", replicas: 3 }')),
      /configured/,
    )
    await kubectl.run(['patch', 'ct', 'job', '--type=merge', '-p', '{"spec":{"image":"alpine"}}'])
    assert.equal(await kubectl.run('get ct job -o jsonpath={.spec.image}'), 'alpine')
    assert.match(
      await kubectl.fails(['patch', 'ct', 'job', '--type=strategic', '-p', '{"spec":{}}']),
      /strategic merge|unknown format|not supported/i,
    )
    await kubectl.run('edit ct job', { env: { KUBE_EDITOR: 'sed -i s/alpine/debian/' } })
    assert.equal(await kubectl.run('get ct job -o jsonpath={.spec.image}'), 'debian')

    const mount = (path: string) => `{ cronSpec: "* * * * *", mounts: [ { path: ${path} } ] }`
    await apply(cronTab('shared', mount('/a')), '--server-side', '--field-manager=alice')
    const other = `apiVersion: stable.example.com/v1
kind: CronTab
metadata: { name: shared }
spec: { mounts: [ { path: /b } ] }
`
    await apply(other, '--server-side', '--field-manager=bob')
    assert.equal(await kubectl.run('get ct shared -o jsonpath={.spec.mounts[*].path}'), '/a /b')
    assert.match(
      await refused(
        cronTab('shared', '{ cronSpec: "1 * * * *" }'),
        '--server-side',
        '--field-manager=bob',
      ),
      /conflict with "alice": \.spec\.cronSpec/,
    )
    await kubectl.run('delete ct job shared')
  })

  test('is scaled, and has a status of its own', async () => {
    await apply(cronTab('wide', '{ cronSpec: "* * * * *", replicas: 1 }'))
    await kubectl.run('scale ct wide --replicas=4')
    assert.equal(await kubectl.run('get ct wide -o jsonpath={.spec.replicas}'), '4')
    assert.match(await kubectl.fails('scale ct wide --replicas=40'), /less than or equal to 10/)
    await kubectl.run([
      'patch',
      'ct',
      'wide',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"replicas":4},"spec":{"replicas":1}}',
    ])
    assert.equal(
      await kubectl.run('get ct wide -o jsonpath={.spec.replicas}/{.status.replicas}'),
      '4/4',
    )
    assert.equal(await kubectl.run('get ct wide -o jsonpath={.metadata.generation}'), '2')
    await kubectl.run('wait --for=jsonpath={.status.replicas}=4 ct/wide --timeout=150s')
  })

  test('goes with its namespace, with its owner, and with its definition', async () => {
    await kubectl.run('create namespace short-lived')
    await apply(cronTab('inside', '{ cronSpec: "* * * * *" }'), '-n', 'short-lived')
    await kubectl.run('delete namespace short-lived --timeout=150s')
    await kubectl.run('create configmap owner')
    const uid = await kubectl.run('get cm owner -o jsonpath={.metadata.uid}')
    await apply(`apiVersion: stable.example.com/v1
kind: CronTab
metadata:
  name: owned
  ownerReferences: [ { apiVersion: v1, kind: ConfigMap, name: owner, uid: ${uid} } ]
spec: { cronSpec: "* * * * *" }
`)
    await kubectl.run('delete cm owner')
    await kubectl.run('wait --for=delete ct/owned --timeout=150s')
    await kubectl.run('delete crd crontabs.stable.example.com --timeout=150s')
    assert.match(
      await kubectl.fails('get ct'),
      /could not find the requested resource|doesn't have a resource type/,
    )
  })
})
