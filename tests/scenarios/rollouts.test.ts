/** Rollouts as people steer them with kubectl: followed, paused, undone, stuck and mended. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kubectlMissing } from '../tools/kubectl.ts'
import { until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

const deployment = (name: string, more = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 4
  strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } }
  selector: { matchLabels: { app: ${name} } }
  ${more}
  template:
    metadata: { labels: { app: ${name} } }
    spec: { terminationGracePeriodSeconds: 0, containers: [ { name: main, image: 'web:1' } ] }
`

describe('rollouts', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const scene = kubectlCluster(3)
  const { apply, read } = scene
  const images = async (name: string) =>
    new Set((await read(`pods -l app=${name}`, '{.items[*].spec.containers[0].image}')).split(' '))
  const rolledOut = (name: string) =>
    scene.kubectl.run(`rollout status deployment/${name} --timeout=150s`)

  test('a rollout is followed to its end, told in its history, and undone to any revision', async () => {
    const { kubectl } = scene
    await apply(deployment('web'))
    assert.match(await rolledOut('web'), /successfully rolled out/)
    for (const number of [2, 3]) {
      await kubectl.run(`set image deployment/web main=web:${number}`)
      await kubectl.run(`annotate deployment/web kubernetes.io/change-cause=to-${number}`)
      await rolledOut('web')
    }
    assert.deepEqual(await images('web'), new Set(['web:3']))
    // What is annotated comes to the ReplicaSet a moment later.
    await until('both causes', async () =>
      /^1 +<none>\n2 +to-2\n3 +to-3$/m.test(await kubectl.run('rollout history deployment/web')),
    )
    await kubectl.run('rollout undo deployment/web')
    await rolledOut('web')
    assert.deepEqual(await images('web'), new Set(['web:2']))
    await kubectl.run('rollout undo deployment/web --to-revision=1')
    await rolledOut('web')
    assert.deepEqual(await images('web'), new Set(['web:1']))
    // What was gone back to is the newest revision, under its old ReplicaSet.
    const revisions = await kubectl.run('rollout history deployment/web')
    assert.match(revisions, /^3 .*\n4 .*\n5 /m)
    assert.doesNotMatch(revisions, /^[12] /m)
    assert.equal((await read('rs -l app=web', '{.items[*].metadata.name}')).split(' ').length, 3)
    assert.match(
      await kubectl.fails('rollout undo deployment/web --to-revision=9'),
      /unable to find specified revision 9 in history/,
    )
  })

  test('paused, changes are gathered and none is rolled out; resumed, they are one rollout', async () => {
    const { kubectl } = scene
    await apply(deployment('calm'))
    await rolledOut('calm')
    await kubectl.run('rollout pause deployment/calm')
    await kubectl.run('set image deployment/calm main=web:2')
    await kubectl.run('set env deployment/calm A=b')
    // Scaling goes on meanwhile.
    await kubectl.run('scale deployment/calm --replicas=6')
    await kubectl.run(
      'wait deployment/calm --for=jsonpath={.status.availableReplicas}=6 --timeout=150s',
    )
    const paused = '{.status.conditions[?(@.type=="Progressing")].reason}'
    assert.equal(await read('deployment/calm', paused), 'DeploymentPaused')
    assert.deepEqual(await images('calm'), new Set(['web:1']))
    await kubectl.run('rollout resume deployment/calm')
    await rolledOut('calm')
    assert.deepEqual(await images('calm'), new Set(['web:2']))
    assert.equal((await read('rs -l app=calm', '{.items[*].metadata.name}')).split(' ').length, 2)
  })

  test('an image that cannot be had stops at its budget, misses its deadline, and is mended', async () => {
    const { kubectl } = scene
    const deadline = (seconds: number) => {
      const patch = JSON.stringify({ spec: { progressDeadlineSeconds: seconds } })
      return kubectl.run(['patch', 'deployment', 'stuck', '-p', patch])
    }
    await apply(deployment('stuck'))
    await rolledOut('stuck')
    // Only for what cannot get on: whatever else is to get on may have to wait for the machine.
    await deadline(2)
    await kubectl.run('set image deployment/stuck main=web::2')
    const said = await kubectl.fails('rollout status deployment/stuck --timeout=150s')
    assert.match(said, /exceeded its progress deadline/)
    const condition = '{.status.conditions[?(@.type=="Progressing")].reason}'
    assert.equal(await read('deployment/stuck', condition), 'ProgressDeadlineExceeded')
    // One more than wanted, one less available: that is all that a broken image may cost.
    const counts = '{.status.updatedReplicas} {.status.availableReplicas} {.status.replicas}'
    assert.equal(await read('deployment/stuck', counts), '2 3 5')
    const waiting = '{.items[*].status.containerStatuses[0].state.waiting.reason}'
    assert.deepEqual(
      new Set((await read('pods -l app=stuck', waiting)).split(' ')),
      new Set(['InvalidImageName']),
    )
    await deadline(600)
    await kubectl.run('rollout undo deployment/stuck')
    assert.match(await rolledOut('stuck'), /successfully rolled out/)
    assert.equal(await read('deployment/stuck', condition), 'NewReplicaSetAvailable')
    assert.deepEqual(await images('stuck'), new Set(['web:1']))
  })

  test('a restart replaces all pods and changes nothing else', async () => {
    const { kubectl } = scene
    await apply(deployment('again'))
    await rolledOut('again')
    const uids = async () =>
      new Set((await read('pods -l app=again', '{.items[*].metadata.uid}')).split(' '))
    const before = await uids()
    await kubectl.run('rollout restart deployment/again')
    await rolledOut('again')
    await kubectl.run('wait --for=jsonpath={.status.replicas}=4 deployment/again --timeout=150s')
    assert.ok([...(await uids())].every(uid => !before.has(uid)))
    assert.deepEqual(await images('again'), new Set(['web:1']))
  })
})
