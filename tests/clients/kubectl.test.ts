/** The real kubectl against a cluster on hollow nodes, verb by verb. What needs real containers is in `tests/machine`. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Cluster, startCluster } from '#index'
import { nodesReady } from '../scenarios/hollow-workloads.ts'
import { type Kubectl, kubectlMissing, kubectlTo, type Output } from '../tools/kubectl.ts'

const deployment = (name: string, image = 'web:1', replicas = 2) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [ { name: web, image: '${image}', ports: [ { containerPort: 80 } ] } ] }
`

describe('kubectl', { skip: kubectlMissing() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-kubectl-'))
  const manifest = join(directory, 'manifest.yaml')
  let cluster: Cluster
  let kubectl: Kubectl

  before(async () => {
    cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 }, listen: { port: 0 } })
    kubectl = kubectlTo(cluster, directory)
    await nodesReady(cluster, 2)
  })
  after(async () => {
    await cluster?.stop()
    rmSync(directory, { recursive: true })
  })

  const apply = (text: string, ...words: string[]) =>
    kubectl.run(['apply', '-f', '-', ...words], { input: text })

  test('version, api-resources, cluster-info, explain', async () => {
    assert.match(await kubectl.run('version'), /Server Version: v1\.36\.\d+\+proa/)
    const resources = await kubectl.run('api-resources')
    for (const row of [
      /^deployments +deploy +apps\/v1 +true +Deployment/m,
      /^configmaps +cm +v1 +true +ConfigMap/m,
      /^nodes +no +v1 +false +Node/m,
    ])
      assert.match(resources, row)
    assert.match(await kubectl.run('explain pod.spec.containers.image'), /FIELD: image <string>/)
    assert.match(
      await kubectl.run('explain deployment --recursive'),
      /progressDeadlineSeconds\s+<integer>/,
    )
  })

  test('create, get in every form, describe, delete', async () => {
    await kubectl.run('create configmap settings --from-literal=colour=blue')
    assert.match(await kubectl.run('get configmap settings'), /NAME +DATA +AGE\nsettings +1 +\d+s/)
    assert.match(await kubectl.run('get cm settings -o yaml'), /^data:\n {2}colour: blue/m)
    assert.equal(JSON.parse(await kubectl.run('get cm settings -o json')).data.colour, 'blue')
    assert.equal(await kubectl.run('get cm settings -o jsonpath={.data.colour}'), 'blue')
    assert.match(await kubectl.run('describe configmap settings'), /colour:\n----\nblue/)
    assert.match(await kubectl.run('get nodes -o wide'), /INTERNAL-IP/)
    assert.match(await kubectl.run('describe node'), /Allocatable:/)
    assert.match(await kubectl.run('delete configmap settings'), /configmap "settings" deleted/)
    assert.match(
      await kubectl.fails('get configmap settings'),
      /Error from server \(NotFound\): configmaps "settings" not found/,
    )
  })

  test('selectors, sorting and watching', async () => {
    await kubectl.run('create configmap red')
    await kubectl.run('create configmap green')
    await kubectl.run('label configmap red kind=warm')
    await kubectl.run('annotate configmap red note=hot')
    assert.equal((await kubectl.run('get cm -l kind=warm -o name')).trim(), 'configmap/red')
    assert.equal(
      (await kubectl.run('get cm --field-selector metadata.name=green -o name')).trim(),
      'configmap/green',
    )
    const sorted = (await kubectl.run('get cm --sort-by=.metadata.name -o name')).trim().split('\n')
    assert.deepEqual(sorted, [...sorted].sort())
    const watching = kubectl.follow(
      'get cm -l kind=warm -w --output-watch-events',
      /ADDED +red[\s\S]*MODIFIED +red[\s\S]*DELETED +red/,
    )
    // Changes go on until the watch tells of them: how soon it is there, nobody knows.
    let told = false
    watching.then(
      () => {
        told = true
      },
      () => {
        told = true
      },
    )
    for (let count = 0; !told; count++) {
      await kubectl.run('label configmap red kind=warm --overwrite')
      await kubectl.run(`annotate configmap red note=${count} --overwrite`)
      await kubectl.run('label configmap red kind-')
    }
    await watching
    await kubectl.run('delete cm red green')
  })

  test('apply on the client and on the server, diff, conflicts', async () => {
    assert.match(await apply(deployment('shop')), /deployment.apps\/shop created/)
    assert.match(await apply(deployment('shop')), /deployment.apps\/shop unchanged/)
    writeFileSync(manifest, deployment('shop', 'web:2'))
    const difference = await kubectl.try(['diff', '-f', manifest])
    assert.equal(difference.code, 1)
    assert.match(difference.stdout, /\+ +- image: web:2|\+ +image: web:2/)
    assert.match(await apply(deployment('shop', 'web:2')), /deployment.apps\/shop configured/)
    // What is being rolled out may change between kubectl's read and its dry run.
    await kubectl.run('rollout status deployment/shop --timeout=150s')
    assert.equal((await kubectl.try(['diff', '-f', manifest])).code, 0)
    const config = (value: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: owned }\ndata: { key: ${value} }\n`
    await apply(config('one'), '--server-side', '--field-manager=alice')
    const refused = await kubectl.fails(
      ['apply', '--server-side', '--field-manager=bob', '-f', '-'],
      { input: config('two') },
    )
    assert.match(refused, /conflict with "alice".*\.data\.key/s)
    await apply(config('two'), '--server-side', '--field-manager=bob', '--force-conflicts')
    assert.equal(await kubectl.run('get cm owned -o jsonpath={.data.key}'), 'two')
    await kubectl.run('delete deployment shop')
    await kubectl.run('delete cm owned')
  })

  test('edit, the three patches, replace, strict validation', async () => {
    await apply(deployment('edited'))
    await kubectl.run('edit deployment edited', { env: { KUBE_EDITOR: 'sed -i s/web:1/web:3/' } })
    const image = () =>
      kubectl.run('get deployment edited -o jsonpath={.spec.template.spec.containers[0].image}')
    assert.equal(await image(), 'web:3')
    await kubectl.run([
      'patch',
      'deployment',
      'edited',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:4"}]}}}}',
    ])
    assert.equal(await image(), 'web:4')
    await kubectl.run([
      'patch',
      'deployment',
      'edited',
      '--type=merge',
      '-p',
      '{"spec":{"replicas":1}}',
    ])
    await kubectl.run([
      'patch',
      'deployment',
      'edited',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"web:5"}]',
    ])
    assert.equal(await image(), 'web:5')
    // The revision that was read is the one that is replaced, and a rollout gives it a new one now and then.
    let replaced: Output
    do {
      const current = await kubectl.run('get deployment edited -o json')
      replaced = await kubectl.try('replace -f -', { input: current.replace('web:5', 'web:6') })
    } while (replaced.stderr.includes('the object has been modified'))
    assert.match(replaced.stdout, /replaced/, replaced.stderr)
    assert.equal(await image(), 'web:6')
    const wrong = await kubectl.fails('apply -f -', {
      input: deployment('edited').replace('replicas:', 'replicsa:'),
    })
    assert.match(wrong, /unknown field "spec\.replicsa"/)
    assert.match(
      await kubectl.fails('create deployment X --image=web:1'),
      /is invalid: metadata\.name: Invalid value: "X": a lowercase RFC 1123 subdomain/,
    )
    await kubectl.run('delete deployment edited')
  })

  test('a deployment rolls out, scales, goes back, restarts', async () => {
    await apply(deployment('site'))
    assert.match(
      await kubectl.run('rollout status deployment/site --timeout=150s'),
      /successfully rolled out/,
    )
    assert.match(await kubectl.run('get deployment site'), /site +2\/2 +2 +2/)
    assert.match(await kubectl.run('get pods -l app=site -o wide'), /Running/)
    await kubectl.run('scale deployment site --replicas=3')
    await kubectl.run(
      'wait deployment site --for=jsonpath={.status.readyReplicas}=3 --timeout=150s',
    )
    await kubectl.run('set image deployment/site web=web:2')
    await kubectl.run('rollout status deployment/site --timeout=150s')
    assert.match(
      await kubectl.run('rollout history deployment/site'),
      /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/,
    )
    await kubectl.run('rollout undo deployment/site')
    await kubectl.run('rollout status deployment/site --timeout=150s')
    assert.equal(
      await kubectl.run(
        'get deployment site -o jsonpath={.spec.template.spec.containers[0].image}',
      ),
      'web:1',
    )
    await kubectl.run('rollout restart deployment/site')
    await kubectl.run('rollout status deployment/site --timeout=150s')
    assert.match(await kubectl.run('describe deployment site'), /NewReplicaSetAvailable/)
    assert.match(await kubectl.run('events --for deployment/site'), /ScalingReplicaSet/)
    assert.match(await kubectl.run('autoscale deployment site --max=3'), /site autoscaled/)
    await kubectl.run('delete deployment site --cascade=foreground --timeout=150s')
    assert.equal(await kubectl.run('get rs,pods -l app=site -o name'), '')
  })

  test('expose, run, logs, exec, cordon, drain', async () => {
    await kubectl.run('run solo --image=web:1 --port=80')
    await kubectl.run('wait pod solo --for=condition=Ready --timeout=150s')
    assert.match(await kubectl.run('expose pod solo --port=80'), /service\/solo exposed/)
    assert.match(
      await kubectl.run('get service solo'),
      /solo +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP/,
    )
    await kubectl.run('logs solo')
    const node = await kubectl.run('get pod solo -o jsonpath={.spec.nodeName}')
    assert.match(await kubectl.run(`cordon ${node}`), /cordoned/)
    assert.match(await kubectl.run('get nodes'), /SchedulingDisabled/)
    assert.match(
      await kubectl.run(`drain ${node} --force --ignore-daemonsets --timeout=150s`),
      /evicting pod default\/solo/,
    )
    await kubectl.run(`uncordon ${node}`)
    await kubectl.run('delete service solo')
    assert.match(await kubectl.fails('top nodes'), /Metrics API not available/)
  })

  test('commands that follow: logs, events, attach, port-forward', async () => {
    const script = 'echo one; sleep 1; echo two; sleep 60'
    await kubectl.run(['run', 'talk', '--image=web:1', '--command', '--', 'sh', '-c', script])
    await kubectl.run('wait pod talk --for=condition=Ready --timeout=150s')
    await Promise.all([
      kubectl.follow('logs -f talk', /^one\ntwo\n/),
      kubectl.follow('events --watch --for pod/talk', /Started +Pod\/talk/),
      kubectl.follow('exec -i talk -- cat', /there and back/, 'there and back\n'),
      kubectl.follow('port-forward pod/talk :80', /Forwarding from 127\.0\.0\.1:\d+ -> 80/),
    ])
    assert.equal(await kubectl.run('logs talk --tail=1'), 'two\n')
    await kubectl.run('delete pod talk --now')
  })

  test('what ended keeps its log', async () => {
    await kubectl.run([
      'run',
      'brief',
      '--image=web:1',
      '--command',
      '--',
      'sh',
      '-c',
      'echo last words; exit 1',
    ])
    await kubectl.run(
      'wait pod brief --for=jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}=1 --timeout=150s',
    )
    assert.equal(await kubectl.run('logs brief --previous'), 'last words\n')
    assert.match(
      await kubectl.run('describe pod brief'),
      /Last State: +Terminated\n +Reason: +Error\n +Exit Code: +1/,
    )
    await kubectl.run('delete pod brief --now')
  })

  test('graceful, immediate and forced deletes', async () => {
    await kubectl.run('run slow --image=web:1')
    await kubectl.run('wait pod slow --for=condition=Ready --timeout=150s')
    assert.match(await kubectl.run('delete pod slow --grace-period=1 --timeout=150s'), /deleted/)
    await kubectl.run('run stuck --image=web:1')
    assert.match(
      (await kubectl.try('delete pod stuck --force --grace-period=0 --timeout=150s')).stdout,
      /force deleted/,
    )
    assert.match(await kubectl.fails('get pod stuck'), /NotFound/)
  })

  test('a namespace empties itself; rights are evaluated', async () => {
    await kubectl.run('create namespace team')
    await kubectl.run('create configmap a -n team')
    await kubectl.run('create deployment d --image=web:1 -n team')
    await kubectl.run('create serviceaccount reader -n team')
    await kubectl.run('create role reads --verb=get,list --resource=configmaps -n team')
    await kubectl.run('create rolebinding reads --role=reads --serviceaccount=team:reader -n team')
    const as = '--as=system:serviceaccount:team:reader'
    assert.equal((await kubectl.run(`auth can-i list configmaps -n team ${as}`)).trim(), 'yes')
    assert.equal(
      (await kubectl.try(`auth can-i delete configmaps -n team ${as}`)).stdout.trim(),
      'no',
    )
    assert.match(await kubectl.run('auth whoami'), /kubernetes-admin/)
    assert.match(
      await kubectl.fails(`get secrets -n team ${as}`),
      /secrets is forbidden: User "system:serviceaccount:team:reader" cannot list resource "secrets" in API group "" in the namespace "team"/,
    )
    assert.match(
      await kubectl.run(`auth can-i --list -n team ${as}`),
      /configmaps +\[\] +\[\] +\[get list\]/,
    )
    const token = (await kubectl.run('create token reader -n team')).trim()
    assert.equal(token.split('.').length, 3)
    await kubectl.run('delete namespace team --timeout=150s')
    assert.match(await kubectl.fails('get namespace team'), /NotFound/)
  })

  test('config view shows no secrets', async () => {
    assert.match(await kubectl.run('config view'), /client-key-data: DATA\+OMITTED/)
  })
})
