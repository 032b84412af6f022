/** Volumes: what a container finds in them, with which rights, and what changes while it runs. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../proa-process.ts'
import { type Bench, container, FOREVER, NAMESPACE, podOf, podRunning } from './bench.ts'

const mount = (name: string, more: object = {}) => ({ name, mountPath: `/${name}`, ...more })
const configMap = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

export function volumeCases(bench: Bench): void {
  test('emptyDir on disk and in memory is shared and outlives a container', async () => {
    const volumeMounts = [mount('disk'), mount('memory')]
    await bench.apply(
      podOf('scratch', {
        volumes: [
          { name: 'disk', emptyDir: {} },
          { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
        ],
        containers: [
          container(
            'one',
            `echo run >> /disk/runs; [ $(wc -l < /disk/runs) -ge 2 ] || exit 1; ${FOREVER}`,
            { volumeMounts },
          ),
          container('two', FOREVER, { volumeMounts }),
        ],
      }),
    )
    await bench.until('pod/scratch', '.status.containerStatuses[0].restartCount', '1')
    await bench.ready('scratch')
    const said = await bench.inPod(
      'scratch',
      'cat /disk/runs; grep " /memory " /proc/mounts; dd if=/dev/zero of=/memory/big bs=1M count=9 2>&1',
      '-c',
      'two',
    )
    assert.match(said.stdout, /^run\nrun\n/)
    assert.match(said.stdout, /^tmpfs \/memory tmpfs rw,.*size=8192k/m)
    assert.match(said.stdout, /No space left on device/)
    await bench.delete('scratch')
  })

  test('configuration and secrets: chosen keys, modes, what is optional, and changes as they come', async () => {
    await bench.apply(
      configMap('config', { a: 'A', b: 'B' }),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'hidden' },
        stringData: { word: 'old' },
      },
      podRunning(
        'configured',
        FOREVER,
        {
          volumeMounts: [
            mount('config'),
            mount('hidden'),
            mount('missing'),
            { name: 'config', mountPath: '/one-file', subPath: 'sub/a' },
          ],
        },
        {
          volumes: [
            {
              name: 'config',
              configMap: {
                name: 'config',
                items: [{ key: 'a', path: 'sub/a', mode: 0o400 }],
                defaultMode: 0o640,
              },
            },
            { name: 'hidden', secret: { secretName: 'hidden', defaultMode: 0o440 } },
            { name: 'missing', configMap: { name: 'no-such', optional: true } },
          ],
        },
      ),
      podRunning(
        'unconfigured',
        FOREVER,
        { volumeMounts: [mount('config')] },
        { volumes: [{ name: 'config', configMap: { name: 'no-such' } }] },
      ),
    )
    await bench.ready('configured')
    const look =
      'cat /config/sub/a /hidden/word /one-file; ls /config /missing; stat -c %a /config/..data/sub/a /hidden/..data/word; touch /config/x 2>&1'
    const said = await bench.says('configured', look)
    assert.match(said, /^AoldA\/config:\nsub\n\n\/missing:\n400\n440\n.*Read-only file system$/)
    await bench.apply(configMap('config', { a: 'changed' }), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hidden' },
      stringData: { word: 'new' },
    })
    await eventually(
      async () =>
        (await bench.says('configured', 'cat /config/sub/a /hidden/word')) === 'changednew',
      90_000,
    )
    assert.equal(await bench.says('configured', 'cat /one-file'), 'A', 'a sub path stays as it was')
    assert.match(
      (await bench.events('unconfigured')).join('\n'),
      /^FailedMount: MountVolume\.SetUp failed for volume "config" : configmap "no-such" not found$/m,
    )
    await bench.apply(configMap('no-such', { late: 'yes' }))
    await bench.ready('unconfigured')
    assert.equal(await bench.says('unconfigured', 'cat /config/late'), 'yes')
    await bench.delete('configured', 'unconfigured')
  })

  test('projected: token, downward API, configuration, certificates', async () => {
    await bench.apply(configMap('part', { key: 'value' }))
    const sources = [
      { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } },
      {
        downwardAPI: {
          items: [
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            {
              path: 'cpu',
              resourceFieldRef: { containerName: 'c', resource: 'requests.cpu', divisor: '1m' },
            },
          ],
        },
      },
      { configMap: { name: 'part', items: [{ key: 'key', path: 'sub/key' }] } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca' }] } },
    ]
    await bench.apply(
      podRunning(
        'projected',
        FOREVER,
        { volumeMounts: [mount('all')], resources: { requests: { cpu: '20m' } } },
        { volumes: [{ name: 'all', projected: { sources } }] },
      ),
    )
    await bench.ready('projected')
    const said = await bench.says(
      'projected',
      'cat /all/labels; echo; cat /all/cpu /all/sub/key; echo; head -1 /all/ca; cat /all/token',
    )
    const [labels, rest, ca, token = ''] = said.split('\n')
    assert.deepEqual(
      [labels, rest, ca],
      ['app="projected"', '20value', '-----BEGIN CERTIFICATE-----'],
    )
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    assert.deepEqual(claims.aud, ['vault'])
    assert.equal(claims.sub, 'system:serviceaccount:kubectl-cases:default')
    assert.equal(claims['kubernetes.io'].pod.name, 'projected')
    assert.equal(claims.exp - claims.iat, 600)
    await bench.kubectl.run('label pod projected more=yes')
    await eventually(
      async () => /more="yes"/.test(await bench.says('projected', 'cat /all/labels')),
      90_000,
    )
    await bench.delete('projected')
  })

  test('paths of the host, parts of volumes, and what is read-only', async () => {
    const home = join(bench.scratch, 'host-path')
    mkdirSync(join(home, 'there'), { recursive: true })
    writeFileSync(join(home, 'file'), 'of the host\n')
    const host = (name: string, path: string, type?: string) => ({
      name,
      hostPath: { path: join(home, path), ...(type ? { type } : {}) },
    })
    const script = [
      'cat /file',
      'echo made > /fresh/x',
      'echo touched > /created',
      'touch /sealed/x 2>&1',
      'echo $POD > /parts/x; echo',
      'echo down',
    ].join('; ')
    const { lines } = await bench.outcome(
      podRunning(
        'paths',
        script,
        {
          env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          volumeMounts: [
            mount('file'),
            mount('fresh'),
            mount('created'),
            mount('sealed', { readOnly: true }),
            mount('parts', { subPathExpr: 'of/$(POD)' }),
          ],
        },
        {
          volumes: [
            host('file', 'file', 'File'),
            host('fresh', 'fresh', 'DirectoryOrCreate'),
            host('created', 'created', 'FileOrCreate'),
            host('sealed', 'there', 'Directory'),
            host('parts', 'there'),
          ],
        },
      ),
    )
    assert.match(lines.join('\n'), /^of the host\ntouch: .*Read-only file system\n\ndown$/)
    const onHost = (path: string) => readFileSync(join(home, path), 'utf8')
    assert.deepEqual(
      [onHost('fresh/x'), onHost('created'), onHost('there/of/paths/x')],
      ['made\n', 'touched\n', 'paths\n'],
    )
    await bench.apply(
      podRunning(
        'no-path',
        FOREVER,
        { volumeMounts: [mount('none')] },
        { volumes: [host('none', 'none', 'Directory')] },
      ),
    )
    await eventually(async () =>
      (await bench.events('no-path')).some(event =>
        /^FailedMount: .*hostPath type check failed: .* is not a directory/.test(event),
      ),
    )
    await bench.delete('no-path')
  })

  test('a claim of the class standard is a directory that outlives its pods, and goes with it', async () => {
    const mounts = { volumeMounts: [mount('data')] }
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'kept' } }]
    // Not root, so that the directory has to let everybody write.
    const user = { securityContext: { runAsUser: 1000, runAsGroup: 1000 } }
    await bench.apply(
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'kept' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
      podRunning('writer', `echo one >> /data/file; ${FOREVER}`, mounts, { ...user, volumes }),
    )
    await bench.ready('writer')
    const volume = await bench.field('pvc kept', '.spec.volumeName')
    const path = await bench.field(`pv ${volume}`, '.spec.hostPath.path')
    assert.equal(
      path,
      join(bench.proa.layout.localPath, `${volume}_${NAMESPACE}_kept`),
      'below the data directory',
    )
    assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'one\n')
    await bench.kubectl.run('delete pod writer --now')
    const { lines } = await bench.outcome(
      podRunning('reader', 'cat /data/file; touch /data/x 2>&1', mounts, {
        ...user,
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'kept', readOnly: true } }],
      }),
      'Failed',
    )
    assert.match(lines.join('\n'), /^one\ntouch: .*Read-only file system$/)
    await bench.kubectl.run('delete pvc kept --wait=false')
    await bench.kubectl.run('delete pod reader --now')
    await bench.kubectl.run(`wait --for=delete pv/${volume} --timeout=150s`)
    assert.equal(existsSync(path), false)
  })
}
