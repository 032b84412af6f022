/** Every policy that a Job can have, as kubectl makes it and waits for what comes of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Job, job } from '#api/batch/v1/job.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { kubectlMissing } from '../tools/kubectl.ts'
import { until } from './hollow-workloads.ts'
import { kubectlCluster } from './kubectl-cluster.ts'

/** Odd indexes fail, others end well: what a shell would do with `exit $(( JOB_COMPLETION_INDEX % 2 ))` needs no shell here. */
const manifest = (name: string, spec: string, script: string) => `apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec:
  ${spec}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers: [ { name: main, image: busybox, command: [ sh, -c, '${script}' ] } ]
`

describe('policies of jobs', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const scene = kubectlCluster(2)
  const make = (name: string, spec: string, script: string) =>
    scene.apply(manifest(name, spec, script))
  const get = (name: string): Promise<Job> => scene.cluster.client.get(job, name, 'default')
  const podsOf = async (name: string) =>
    (
      await scene.cluster.client.list(pod, {
        namespace: 'default',
        labelSelector: `job-name=${name}`,
      })
    ).items
  const ended = async (name: string, type: 'complete' | 'failed') => {
    await scene.kubectl.run(`wait job/${name} --for=condition=${type} --timeout=150s`)
    const found = await get(name)
    const reasons = (found.status.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`)
    return { reasons, status: found.status, pods: await podsOf(name) }
  }

  // Each has jobs of its own, and mostly waits for their back-off.
  describe('one by one', { concurrency: 4 }, () => {
    test('backoffLimitPerIndex: each index fails for itself, others go on', async () => {
      const spec =
        'completionMode: Indexed, completions: 3, parallelism: 3, backoffLimitPerIndex: 0'
      await make('per-index', lines(spec), 'exit 1')
      const { reasons, status } = await ended('per-index', 'failed')
      assert.deepEqual(reasons, ['FailureTarget FailedIndexes', 'Failed FailedIndexes'])
      assert.equal(status.failedIndexes, '0-2')
      assert.equal(status.failed, 3)
    })

    test('maxFailedIndexes: beyond it the job fails without running the others', async () => {
      const spec =
        'completionMode: Indexed, completions: 20, parallelism: 1, backoffLimitPerIndex: 0, maxFailedIndexes: 1'
      await make('max-failed', lines(spec), 'exit 1')
      const { reasons, pods } = await ended('max-failed', 'failed')
      assert.equal(reasons.at(-1), 'Failed MaxFailedIndexesExceeded')
      assert.ok(pods.length < 20, `${pods.length} pods`)
    })

    test('backoffLimit: a pod is tried once more for each, and then it is over', async () => {
      await make('backoff', lines('backoffLimit: 0, completions: 1'), 'exit 3')
      const { reasons, status } = await ended('backoff', 'failed')
      assert.deepEqual(reasons, [
        'FailureTarget BackoffLimitExceeded',
        'Failed BackoffLimitExceeded',
      ])
      assert.equal(status.failed, 1)
    })

    test('podFailurePolicy: what is ignored does not count, what fails the index ends it alone', async () => {
      const rule = (action: string, code: number) =>
        `{ action: ${action}, onExitCodes: { operator: In, values: [ ${code} ] } }`
      await make(
        'ignored',
        `backoffLimit: 0\n  podFailurePolicy: { rules: [ ${rule('Ignore', 7)} ] }`,
        'exit 7',
      )
      await until('several ignored failures', async () => (await podsOf('ignored')).length >= 2)
      const { status } = await get('ignored')
      assert.deepEqual(status.conditions ?? [], [])
      await scene.kubectl.run('delete job ignored')
      await make(
        'fail-index',
        `completionMode: Indexed\n  completions: 2\n  parallelism: 2\n  backoffLimitPerIndex: 5\n  podFailurePolicy: { rules: [ ${rule('FailIndex', 9)} ] }`,
        'exit 9',
      )
      const found = await ended('fail-index', 'failed')
      assert.equal(found.status.failedIndexes, '0,1')
      assert.equal(found.pods.length, 2, 'no index was tried again')
    })

    test('successPolicy: enough indexes end the job, and its other pods', async () => {
      await make(
        'enough',
        'completionMode: Indexed\n  completions: 4\n  parallelism: 2\n  successPolicy: { rules: [ { succeededCount: 2 } ] }',
        'sleep 0.2',
      )
      const { reasons, status } = await ended('enough', 'complete')
      assert.deepEqual(reasons, ['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy'])
      assert.ok((status.succeeded ?? 0) >= 2)
      assert.equal(status.active ?? 0, 0)
    })

    test('podReplacementPolicy Failed: another pod comes only when the one before has ended', async () => {
      // It takes fifteen seconds to end, longer than the back-off, and nobody may come in its place before.
      const slow = 'image: busybox, lifecycle: { preStop: { sleep: { seconds: 15 } } }'
      await scene.apply(
        manifest('patient', 'podReplacementPolicy: Failed', 'sleep 1000')
          .replace('image: busybox', slow)
          .replace('terminationGracePeriodSeconds: 0', 'terminationGracePeriodSeconds: 60'),
      )
      const first = await until('a pod that runs', async () =>
        (await podsOf('patient')).find(({ status }) => status.phase === 'Running'),
      )
      await scene.kubectl.run(
        `patch pod ${first.metadata.name} --type=merge -p {"metadata":{"finalizers":["example.com/wait","batch.kubernetes.io/job-tracking"]}}`,
      )
      await scene.kubectl.run(`delete pod ${first.metadata.name} --wait=false`)
      const second = await until('another pod', async () =>
        (await podsOf('patient')).find(({ metadata }) => metadata.uid !== first.metadata.uid),
      )
      const ended = (await podsOf('patient')).find(
        ({ metadata }) => metadata.uid === first.metadata.uid,
      )
      assert.equal(ended?.status.phase, 'Failed')
      assert.ok(second.metadata.creationTimestamp)
      await scene.kubectl.run(
        `patch pod ${first.metadata.name} --type=merge -p {"metadata":{"finalizers":null}}`,
      )
      await scene.kubectl.run('delete job patient')
    })

    test('managedBy: the controller leaves the job to whoever it is for', async () => {
      await make('foreign', 'managedBy: example.com/queue', 'exit 0')
      await make('own', 'ttlSecondsAfterFinished: 100', 'exit 0')
      await ended('own', 'complete')
      assert.deepEqual(await podsOf('foreign'), [])
      assert.deepEqual((await get('foreign')).status.conditions ?? [], [])
      assert.match(
        await scene.kubectl.fails([
          'patch',
          'job',
          'foreign',
          '-p',
          '{"spec":{"managedBy":"kubernetes.io/job-controller"}}',
        ]),
        /field is immutable/,
      )
    })

    test('suspended while it runs, a job gives its pods back; resumed, it starts anew', async () => {
      await make('held', 'completions: 2\n  parallelism: 2', 'sleep 1000')
      await until('two pods', async () => (await get('held')).status.active === 2)
      const { startTime } = (await get('held')).status
      await scene.kubectl.run(['patch', 'job', 'held', '-p', '{"spec":{"suspend":true}}'])
      await scene.kubectl.run('wait job/held --for=condition=Suspended --timeout=150s')
      await until('no pods', async () => (await podsOf('held')).length === 0)
      assert.equal((await get('held')).status.startTime, undefined)
      assert.ok(startTime)
      await scene.kubectl.run(['patch', 'job', 'held', '-p', '{"spec":{"suspend":false}}'])
      await until('two pods again', async () => (await get('held')).status.active === 2)
      await scene.kubectl.run('delete job held')
      await until('none left', async () => (await podsOf('held')).length === 0)
    })
  })

  test('what came of it is counted under upstream’s names', async () => {
    const text = await scene.kubectl.run('get --raw /metrics')
    for (const series of [
      'pod_failures_handled_by_failure_policy_total{action="Ignore"} [1-9]',
      'pod_failures_handled_by_failure_policy_total{action="FailIndex"} 2',
      'jobs_by_external_controller_total{controller_name="example.com/queue"} 1',
      'job_finished_indexes_total{status="failed",backoffLimit="perIndex"} [1-9]',
      'job_finished_indexes_total{status="succeeded",backoffLimit="global"} [1-9]',
      'job_pods_creation_total{reason="recreate_failed",status="succeeded"} 1',
    ])
      assert.match(text, new RegExp(`^job_controller_${series.replace('{', '\\{')}`, 'm'))
  })
})

const lines = (spec: string) => spec.split(', ').join('\n  ')
