import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommandLine } from './cli.ts'
import { parseNodeLabels, parseTaints } from './registration-flags.ts'

test('labels of a node', () => {
  assert.deepEqual(
    [...parseNodeLabels('disk=ssd,example.com/rack=r1,node.kubernetes.io/pool=a,empty=')],
    [
      ['disk', 'ssd'],
      ['example.com/rack', 'r1'],
      ['node.kubernetes.io/pool', 'a'],
      ['empty', ''],
    ],
  )
  assert.throws(
    () => parseNodeLabels('a=b,node-role.kubernetes.io/worker=,k8s.io/x=y'),
    /unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: \[k8s.io\/x node-role.kubernetes.io\/worker\]/,
  )
  assert.throws(() => parseNodeLabels('disk'), /--node-labels wants KEY=VALUE, not "disk"/)
  assert.throws(() => parseNodeLabels('a b=c'), /invalid label "a b=c": name part must consist/)
})

test('taints of a node', () => {
  assert.deepEqual(
    [...parseTaints('dedicated=db:NoSchedule,gpu:NoExecute,dedicated=db:NoExecute').values()],
    [
      { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
      { key: 'gpu', effect: 'NoExecute' },
      { key: 'dedicated', value: 'db', effect: 'NoExecute' },
    ],
  )
  for (const text of ['dedicated', 'dedicated=db', 'dedicated=db:Never', '=db:NoSchedule'])
    assert.throws(() => parseTaints(text), /--register-with-taints wants KEY=VALUE:EFFECT/)
  assert.throws(() => parseTaints('a=b:NoExecute,a=c:NoExecute'), /names a:NoExecute twice/)
  assert.throws(() => parseTaints('a=b c:NoExecute'), /invalid taint/)
})

test('clouds of others, and numbers of pods', () => {
  const read = (...words: string[]) => parseCommandLine(['kubelet', ...words])?.values
  assert.equal(
    (read('--cloud-provider=external') as { cloudProvider?: string }).cloudProvider,
    'external',
  )
  assert.throws(() => read('--cloud-provider', 'gce'), /wants external, or is left out, not "gce"/)
  assert.throws(() => read('--max-pods', 'many'), /--max-pods wants a number, not "many"/)
})
