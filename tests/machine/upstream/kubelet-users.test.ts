/** Pods with users of their own on two nodes of containerd 2, one with upstream's kubelet and one with Proa's: what they see, are and are told. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { node as nodeKind } from '#api/core/v1/node.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { runtimeClass } from '#api/node/v1/runtime-class.ts'
import { silentLog as log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { remoteContext } from '../../../src/cluster/remote-context.ts'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { containerdMissing, oldContainerd } from '../private-containerd.ts'
import { eventually } from '../proa-process.ts'
import {
  type Ask,
  kubeletProgram,
  type Node,
  withCluster,
  withNode,
  withProa,
  withUpstream,
} from './kubelet-days.ts'

const reason =
  containerdMissing() ||
  oldContainerd() ||
  (kubeletProgram() ? false : 'there is no kubelet here; TEST_ASSET_KUBELET may name one')
if (reason) console.log(`# skipped: ${reason}`)

const namespace = 'default'
const NO_FILES = { read: async () => '', resolve: (file: string) => file }
const volumes = [
  { name: 'empty', emptyDir: {} },
  { name: 'memory', emptyDir: { medium: 'Memory' } },
  {
    name: 'about',
    downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.uid' } }] },
  },
  { name: 'image', image: { reference: busyboxImage, pullPolicy: 'Never' } },
]
const volumeMounts = [
  ...volumes.map(({ name }) => ({ name, mountPath: `/${name}` })),
  { name: 'image', mountPath: '/part', subPath: 'bin' },
]
const SCRIPT = `tr -s ' ' < /proc/self/uid_map; tr -s ' ' < /proc/self/gid_map; touch /empty/x /memory/x
stat -Lc '%u:%g %a %n' /empty /empty/x /memory /memory/x /about/n /image/bin/busybox /part/busybox /etc/hosts /dev/termination-log
id; grep ^Cap /proc/self/status`

test('upstream’s kubelet and Proa’s give pods the same users', { skip: reason }, async () => {
  await withCluster(async cluster => {
    const kubeconfig = readFileSync(join(cluster.directory, 'admin.conf'), 'utf8')
    const remote = remoteContext(await connectionFromKubeconfig(kubeconfig, NO_FILES), log)
    const { client } = remote.context
    try {
      await client.create(runtimeClass, {
        ...{ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', handler: 'none' },
        metadata: { name: 'none' },
      })
      const theirs = await withNode('theirs', node =>
        withUpstream(cluster, node, ask => live(client, node, ask)),
      )
      const ours = await withNode('ours', node =>
        withProa(cluster, node, ask => live(client, node, ask)),
      )
      if (process.env.DEBUG) console.log(JSON.stringify(theirs, null, 2))
      assert.deepEqual(ours, theirs)
    } finally {
      await remote.stop()
    }
  })
})

/** Upstream begins anywhere, and Proa with the lowest that is free. */
const withoutStart = (text: string) =>
  text.replace(
    /("hostId":| 0 )(\d+)/g,
    (_, before, first) => `${before}(${Number(first) % 65_536})`,
  )

async function live(client: Client, node: Node, ask: Ask) {
  await eventually(() =>
    ask('/healthz').then(
      text => text === 'ok',
      () => false,
    ),
  )
  const create = (name: string, spec: object) =>
    client.create(podKind, {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: { name: `${name}-${node.name}`, namespace },
      spec: {
        ...{ nodeName: node.name, terminationGracePeriodSeconds: 1, hostUsers: false },
        ...{ restartPolicy: 'Never', ...spec },
      },
    } as unknown as Partial<Pod>)
  const get = (name: string) => client.get(podKind, `${name}-${node.name}`, namespace)
  const container = (script: string, more: object = {}) => ({
    ...{ name: 'c', image: busyboxImage, imagePullPolicy: 'Never' },
    command: ['sh', '-c', script],
    ...more,
  })
  await create('stays', { containers: [container('sleep 1000')] })
  const stays = await eventually(async () => {
    const pod = await get('stays')
    return pod.status?.phase === 'Running' && pod
  })
  const files = readdirSync(join(node.directory, 'kubelet', 'pods', stays.metadata.uid ?? ''))
  const users = join(node.directory, 'kubelet', 'pods', stays.metadata.uid ?? '', 'userns')
  const file = readFileSync(users, 'utf8')
  await create('ends', {
    ...{ volumes, containers: [container(SCRIPT, { volumeMounts })] },
    securityContext: { fsGroup: 3000, runAsUser: 1000, supplementalGroups: [600] },
  })
  const ends = await eventually(async () => {
    const pod = await get('ends')
    return pod.status?.phase === 'Succeeded' && pod
  })
  const path = `${namespace}_ends-${node.name}_${ends.metadata.uid}/c/0.log`
  const said = readFileSync(join(node.directory, 'logs', path), 'utf8').replace(/^\S+ /gm, '')
  await create('refused', { runtimeClassName: 'none', containers: [container('true')] })
  const told = await eventually(async () => {
    const { items } = await client.list(event, { namespace })
    return items.find(
      ({ involvedObject, reason }) =>
        involvedObject.name === `refused-${node.name}` && reason === 'FailedCreatePodSandBox',
    )?.message
  })
  const figures = (await ask('/metrics'))
    .split('\n')
    .filter(line => /^kubelet_started_user_namespaced_pods_total /.test(line))
  const { status } = await client.get(nodeKind, node.name)
  for (const name of ['stays', 'ends', 'refused'])
    await client.delete(podKind, { name: `${name}-${node.name}`, namespace })
  await eventually(async () => {
    const { items } = await client.list(podKind, { namespace })
    return items.every(({ metadata }) => metadata.name?.startsWith('static'))
  })
  const statusOf = (pod: Pod) => {
    const {
      containerID: _,
      state: __,
      ...rest
    } = pod.status?.containerStatuses?.[0] ?? {
      volumeMounts: [],
    }
    const { volumeMounts: mounts = [] } = rest
    const withoutToken = (name: string) => name.replace(/^(kube-api-access)-.*/, '$1')
    return {
      ...rest,
      volumeMounts: mounts.map(mount => ({ ...mount, name: withoutToken(mount.name) })),
    }
  }
  return {
    ...{ file: withoutStart(file), said: withoutStart(said), told },
    hasFile: files.includes('userns'),
    features: status?.features,
    handlers: status?.runtimeHandlers?.toSorted((a, b) => (`${a.name}` < `${b.name}` ? -1 : 1)),
    containers: [statusOf(stays), statusOf(ends)],
    isCounted: figures.length === 1 && !figures[0]?.endsWith(' 0'),
  }
}
