import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryFiles } from '../../simulation/hollow/memory-files.ts'
import { knowsCdi } from '../runtime-version.ts'
import { withoutCdi } from './cdi.ts'
import { NO_ADDITIONS } from './container-additions.ts'

const gpu = {
  cdiVersion: '0.6.0',
  kind: 'vendor.com/gpu',
  containerEdits: { env: ['DRIVER=1'] },
  devices: [
    {
      name: 'gpu0',
      containerEdits: {
        env: ['GPU=a=b'],
        deviceNodes: [
          { path: '/dev/gpu0' },
          { path: '/dev/ctl', hostPath: '/dev/ctl0', permissions: 'r' },
        ],
        mounts: [{ hostPath: '/opt/gpu', containerPath: '/gpu', options: ['ro', 'bind'] }],
      },
    },
    { name: 'gpu1', containerEdits: { hooks: [{}], additionalGids: [5] } },
  ],
}

async function resolved(...cdiDevices: string[]) {
  return resolvedBeside({}, ...cdiDevices)
}

/** `others` are files of other vendors, by name. */
async function resolvedBeside(others: Record<string, string>, ...cdiDevices: string[]) {
  const files = createMemoryFiles()
  for (const directory of ['/etc/cdi', '/var/run/cdi']) await files.makeDirectory(directory)
  await files.write('/etc/cdi/gpu.json', Buffer.from(JSON.stringify(gpu)))
  await files.write('/etc/cdi/notes.txt', Buffer.from('no specification'))
  await files.write(
    '/etc/cdi/nic.yaml',
    Buffer.from(
      'cdiVersion: 0.5.0\nkind: vendor.com/nic\ndevices:\n- name: n\n  containerEdits: { env: [NIC=old] }\n',
    ),
  )
  await files.write(
    '/var/run/cdi/nic.json',
    Buffer.from(
      '{"kind":"vendor.com/nic","devices":[{"name":"n","containerEdits":{"env":["NIC=new"]}}]}',
    ),
  )
  for (const [name, text] of Object.entries(others))
    await files.write(`/etc/cdi/${name}`, Buffer.from(text))
  return withoutCdi({ ...NO_ADDITIONS, cdiDevices }, files, 'containerd 1.6.20')
}

test('what vendors say of a device is what its container gets', async () => {
  const { env, devices, mounts, cdiDevices } = await resolved('vendor.com/gpu=gpu0')
  assert.deepEqual(env, [
    { name: 'DRIVER', value: '1' },
    { name: 'GPU', value: 'a=b' },
  ])
  assert.deepEqual(devices, [
    { hostPath: '/dev/gpu0', containerPath: '/dev/gpu0', permissions: 'rwm' },
    { hostPath: '/dev/ctl0', containerPath: '/dev/ctl', permissions: 'r' },
  ])
  assert.deepEqual(mounts, [
    { hostPath: '/opt/gpu', containerPath: '/gpu', readOnly: true, propagation: 'private' },
  ])
  assert.deepEqual(cdiDevices, [])
})

test('what was made while the machine runs counts more than what was installed', async () => {
  const { env } = await resolved('vendor.com/nic=n')
  assert.deepEqual(env, [{ name: 'NIC', value: 'new' }])
})

test('a file of another vendor that nobody can read is told only where it may matter', async () => {
  const others = { 'a.json': '{"kind":', 'b.yaml': 'kind: v/c\ndevices: none\n' }
  assert.equal((await resolvedBeside(others, 'vendor.com/gpu=gpu0')).env.length, 2)
  await assert.rejects(resolvedBeside(others, 'v/c=d'), {
    message:
      /^unresolvable CDI devices v\/c=d: no file in \/etc\/cdi or \/var\/run\/cdi has them; \/etc\/cdi\/a.json can not be read: .*; \/etc\/cdi\/b.yaml can not be read: its devices are no list$/,
  })
  const nothing =
    '{"kind":"v/c","devices":[{"name":"d","containerEdits":{"env":null,"mounts":null}}]}'
  assert.deepEqual((await resolvedBeside({ 'c.json': nothing }, 'v/c=d')).env, [])
})

test('says what is unknown, and what only a newer runtime can do', async () => {
  await assert.rejects(resolved('vendor.com/gpu=gpu9', 'other=x'), {
    message:
      'unresolvable CDI devices vendor.com/gpu=gpu9, other=x: no file in /etc/cdi or /var/run/cdi has them',
  })
  await assert.rejects(resolved('vendor.com/gpu=gpu1'), {
    message:
      'the CDI devices vendor.com/gpu=gpu1 want hooks and additionalGids, which need containerd 1.7 or newer; here is containerd 1.6.20',
  })
})

test('knows which runtimes know it', () => {
  const cases = { '1.6.20~ds1': false, 'v1.7.2': true, '2.0.0': true, '1.5.0': false }
  for (const [runtimeVersion, knows] of Object.entries(cases))
    assert.equal(knowsCdi({ runtimeName: 'containerd', runtimeVersion }), knows, runtimeVersion)
  assert.equal(knowsCdi({ runtimeName: 'cri-o', runtimeVersion: '1.30.0' }), true)
})
