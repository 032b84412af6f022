/** A handful of upstream's conformance tests on hollow nodes, so that CI notices when the suite can no longer be run. All of it: `npm run conformance`. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { kubectlMissing } from '../../tools/kubectl.ts'
import { startCluster, type TestCluster } from './cluster.ts'
import { parseOptions } from './options.ts'
import { findProgram, suiteMissing } from './programs.ts'
import type { Outcome } from './report.ts'
import { passes, runPass } from './suite.ts'

const { cache } = parseOptions([], new Date())
const reason = suiteMissing(cache) ?? kubectlMissing()
if (reason) console.log(`# skipped: ${reason}`)

/** Of each kind that hollow nodes can pass: objects, watches, discovery, controllers, names that are written by a client of client-go. */
const CHOSEN = [
  'Lease lease API should be available',
  'ConfigMap should run through a ConfigMap lifecycle',
  'Watchers should be able to restart watching from the last resource version',
  'Discovery should validate PreferredVersion for each APIGroup',
  'ReplicaSet should list and delete a collection of ReplicaSets',
  'Kubectl client Kubectl label should update the label on a resource',
]
/** Wants the cluster to itself, since it counts what every node has left. */
const SERIAL = 'SchedulerPredicates.*validates that NodeSelector is respected if not matching'

describe("upstream's conformance suite on hollow nodes", { skip: reason ?? false }, () => {
  const output = mkdtempSync(join(tmpdir(), 'proa-conformance-'))
  let cluster: TestCluster

  before(async () => {
    cluster = await startCluster('hollow')
  })
  after(async () => {
    await cluster.stop()
    rmSync(output, { recursive: true, force: true })
  })

  const run = (pass: number, focus: string): Promise<readonly Outcome[]> => {
    const chosen = passes('Conformance', 2)[pass]
    assert.ok(chosen)
    return runPass(chosen, {
      e2e: findProgram('e2e.test', cache) ?? '',
      ginkgo: findProgram('ginkgo', cache) ?? '',
      kubeconfig: cluster.kubeconfig,
      nodeCount: 2,
      output,
      focus,
      skip: '',
      timeout: '10m',
      signal: new AbortController().signal,
    })
  }
  const states = (outcomes: readonly Outcome[]) =>
    outcomes.map(({ name, state, message }) =>
      state === 'passed' ? 'passed' : `${name}: ${message}`,
    )

  test('tests that run beside each other', async () => {
    const outcomes = await run(0, CHOSEN.join('|'))
    assert.deepEqual(
      states(outcomes),
      CHOSEN.map(() => 'passed'),
    )
  })

  test('a test that wants to be alone', async () => {
    assert.deepEqual(states(await run(1, SERIAL)), ['passed'])
  })
})
