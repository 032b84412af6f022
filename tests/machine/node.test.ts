/**
 * One command, a whole cluster on this machine, used as people use it: with kubectl, by names, through Services; killed and started again;
 * and at the end nothing is left.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { busyboxImage } from '../tools/busybox-image.ts'
import { eventually, NO_TRACES, ownIds, ProaProcess, traces, whyNotHere } from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

const container = (name: string, script: string, more: object = {}) => ({
  name,
  image: busyboxImage,
  command: ['sh', '-c', script],
  ...more,
})
const podOf = (name: string, spec: object, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { terminationGracePeriodSeconds: 1, ...spec },
})
const listOf = (...items: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
/** Busybox's own wget needs more than a static binary has; HTTP/1.0 is short enough to write. */
const fetchScript = (host: string, port: number) =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${host} ${port}`

const web = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            container('web', 'hostname > /www/index.html; exec httpd -f -p 8080 -h /www', {
              readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
            }),
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  },
]

describe('a node on this machine', { skip: reason !== undefined }, () => {
  const proa = new ProaProcess()
  const { kubectl } = proa

  const apply = (...items: object[]) => kubectl.run('apply -f -', { input: listOf(...items) })
  const field = (of: string, path: string) =>
    kubectl.run(['get', ...of.split(' '), '-o', `jsonpath={${path}}`])
  const inPod = (pod: string, script: string) =>
    kubectl.try(['exec', pod, '--', 'sh', '-c', script])
  const phase = (name: string, wanted: string) =>
    eventually(async () => (await field(`pod ${name}`, '.status.phase')) === wanted).catch(
      async error => {
        throw new Error(`${error}\n${await kubectl.run(`describe pod ${name}`)}`)
      },
    )

  before(async () => {
    proa.loadImage()
    const readyMs = await proa.start()
    console.log(`# process start to ready: ${Math.round(readyMs)} ms`)
  })

  after(async () => {
    await proa.end('SIGKILL')
    proa.reset()
  })

  test('a page comes through a Service by its name', async () => {
    const from = performance.now()
    const asking = `until ${fetchScript('web', 80)} 2>/dev/null | grep web-; do sleep 0.05; done; exec sleep 1000`
    await apply(...web, podOf('client', { containers: [container('c', asking)] }))
    const answer = await eventually(async () => (await kubectl.try('logs client')).stdout)
    console.log(`# apply to page by DNS name: ${Math.round(performance.now() - from)} ms`)
    assert.match(answer, /^web-[a-z0-9]+-[a-z0-9]+/)
    await kubectl.run('rollout status deployment/web --timeout=150s')
    for (const name of ['web.default', 'web.default.svc.cluster.local'])
      assert.match((await inPod('client', fetchScript(name, 80))).stdout, /200 OK/, name)
    const seen = new Set<string>()
    const names = /web-\S+$/
    // Each connection is drawn: one pod may well come a dozen times in a row.
    await eventually(async () => {
      const { stdout } = await inPod('client', fetchScript('web', 80))
      seen.add(names.exec(stdout.trim())?.[0] ?? assert.fail(`no page, but ${stdout}`))
      return seen.size === 2
    })
  })

  test('the node port answers on the node', async () => {
    const port = await field('service web', '.spec.ports[0].nodePort')
    const address = await field('node here', '.status.addresses[?(@.type=="InternalIP")].address')
    const { stdout } = spawnSync(
      'sh',
      ['-c', fetchScript(address, Number(port)).replace('nc', 'busybox nc')],
      {
        encoding: 'utf8',
      },
    )
    assert.match(stdout, /200 OK/)
  })

  test('pods know DNS: search path, service address, reverse name, names that are none', async () => {
    const resolv = (await inPod('client', 'cat /etc/resolv.conf')).stdout
    assert.ok(resolv.split('\n').includes(`nameserver ${proa.ranges.api}0`), resolv)
    assert.match(resolv, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m)
    const address = await field('service web', '.spec.clusterIP')
    const lookUp = async (name: string) => (await inPod('client', `nslookup ${name}`)).stdout
    assert.match(
      await lookUp('web.default.svc.cluster.local'),
      new RegExp(address.replaceAll('.', '\\.')),
    )
    assert.match(await lookUp(address), /web\.default\.svc\.cluster\.local/)
    assert.match(await lookUp('none.default.svc.cluster.local'), /NXDOMAIN/)
  })

  test('a pod reaches the API by name, and its token says who it is', async () => {
    const reached = await inPod(
      'client',
      'nc -w 2 kubernetes.default.svc 443 </dev/null && echo reached',
    )
    assert.match(reached.stdout, /reached/)
    const directory = '/var/run/secrets/kubernetes.io/serviceaccount'
    const read = async (name: string) => (await inPod('client', `cat ${directory}/${name}`)).stdout
    const [ca, token, namespace] = await Promise.all(['ca.crt', 'token', 'namespace'].map(read))
    assert.equal(namespace, 'default')
    const body = await get(`https://${proa.ranges.api}/api/v1/namespaces/default/secrets`, {
      ca,
      token,
    })
    assert.match(body, /system:serviceaccount:default:default.*cannot list resource/)
  })

  test('the kubelet is behind the port that its node tells, and asks the API server about tokens', async () => {
    const address = await field('node here', '.status.addresses[?(@.type=="InternalIP")].address')
    const port = await field('node here', '.status.daemonEndpoints.kubeletEndpoint.Port')
    const token = (await kubectl.run('create token default')).trim()
    const statusOf = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = { host: address, port, path: '/metrics', headers, rejectUnauthorized: false }
        request(asked, answer => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end()
      })
    assert.equal(await statusOf({}), 401)
    assert.equal(await statusOf({ authorization: `Bearer ${token}` }), 403)
  })

  test('exec: input, both outputs, exit code; logs; a forwarded port', async () => {
    const words = ['exec', '-i', 'client', '--', 'sh', '-c', 'cat; echo oops >&2; exit 7']
    const output = await kubectl.try(words, { input: 'from here\n' })
    assert.equal(output.stdout, 'from here\n')
    assert.match(output.stderr, /oops[\s\S]*exit code 7/)
    assert.equal(output.code, 7)
    assert.match(await kubectl.run('logs client --tail=1 --timestamps'), /^\d{4}-\S+ web-/)
  })

  test('init containers, side-cars and volumes of every kind', async () => {
    const script = [
      'cat /config/key /secret/password /projected/secret /projected/name /shared/made',
      'stat -c %a /secret/..data/password',
      'touch /config/x 2>/dev/null || echo read-only',
      'cat /host/hostname | wc -l',
      'until [ -e /shared/helping ]; do sleep 0.05; done',
      'echo done > /dev/termination-log',
    ].join('; ')
    const mounts = ['config', 'secret', 'projected', 'shared', 'host']
    const shared = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
    await apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' }, data: { key: 'K' } },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'secret' },
        stringData: { password: 'P' },
      },
      podOf('parts', {
        restartPolicy: 'Never',
        initContainers: [
          container('first', 'echo -n made > /shared/made', shared),
          container('helper', 'touch /shared/helping; exec sleep 1000', {
            ...shared,
            restartPolicy: 'Always',
          }),
        ],
        containers: [
          container('main', script, {
            volumeMounts: mounts.map(name => ({ name, mountPath: `/${name}` })),
          }),
        ],
        volumes: [
          { name: 'config', configMap: { name: 'config' } },
          { name: 'secret', secret: { secretName: 'secret', defaultMode: 0o400 } },
          {
            name: 'projected',
            projected: {
              sources: [
                { secret: { name: 'secret', items: [{ key: 'password', path: 'secret' }] } },
                {
                  downwardAPI: {
                    items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }],
                  },
                },
              ],
            },
          },
          { name: 'shared', emptyDir: {} },
          { name: 'host', hostPath: { path: '/etc' } },
        ],
      }),
    )
    await phase('parts', 'Succeeded')
    assert.deepEqual((await kubectl.run('logs parts -c main')).trim().split('\n'), [
      'KPPpartsmade400',
      'read-only',
      '1',
    ])
    const message = '.status.containerStatuses[0].state.terminated.message'
    assert.equal((await field('pod parts', message)).trim(), 'done')
  })

  test('a pod that is not ready gets no traffic; a failing one is restarted with a back-off', async () => {
    await apply(
      podOf(
        'moody',
        {
          containers: [
            container('c', 'touch /tmp/ready; exec sleep 1000', {
              readinessProbe: {
                exec: { command: ['test', '-e', '/tmp/ready'] },
                periodSeconds: 1,
                failureThreshold: 1,
              },
            }),
          ],
        },
        { app: 'moody' },
      ),
      podOf('crashing', { containers: [container('c', 'echo once; exit 3')] }),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'moody' },
        spec: { selector: { app: 'moody' }, ports: [{ port: 80 }] },
      },
    )
    const addresses = () => field('endpoints moody', '.subsets[*].addresses[*].ip')
    await eventually(async () => (await addresses()) !== '')
    await inPod('moody', 'rm /tmp/ready')
    await eventually(async () => (await addresses()) === '')
    const now = "cut -d' ' -f1 /proc/uptime"
    // At once: whose first packet is lost hears of it a second later, each time. A busy machine may take as long now and then.
    await eventually(async () => {
      const refused = await inPod('client', `${now}; nc -w 3 moody 80 </dev/null; ${now}`)
      const [from = 0, to = 9] = refused.stdout.trim().split('\n').map(Number)
      assert.match(refused.stderr, /refused/)
      return to - from < 0.5
    })
    const waiting = '.status.containerStatuses[0].state.waiting.reason'
    await eventually(async () => (await field('pod crashing', waiting)) === 'CrashLoopBackOff')
    assert.equal(await kubectl.run('logs crashing --previous'), 'once\n')
    await kubectl.run('delete pod moody crashing parts --wait --timeout=150s')
  })

  test('killed at once and started again: pods never notice, nothing is lost', async () => {
    const ids = () => field('pods', '.items[*].status.containerStatuses[*].containerID')
    const counts = () => field('pods', '.items[*].status.containerStatuses[*].restartCount')
    const was = { ids: await ids(), counts: await counts() }
    const address = await field('service web', '.spec.clusterIP')
    await kubectl.run('create configmap acknowledged --from-literal=a=b')
    assert.equal(await proa.end('SIGKILL'), 'SIGKILL')
    const page = spawnSync('sh', ['-c', fetchScript(address, 80).replace('nc', 'busybox nc')], {
      encoding: 'utf8',
    })
    assert.match(page.stdout, /200 OK/, 'services work without us')
    console.log(`# started again: ${Math.round(await proa.start())} ms`)
    assert.equal(await field('configmap acknowledged', '.data.a'), 'b')
    await new Promise(resolve => setTimeout(resolve, 2_000))
    assert.deepEqual({ ids: await ids(), counts: await counts() }, was)
    assert.match((await inPod('client', fetchScript('web', 80))).stdout, /200 OK/)
    await kubectl.run('rollout restart deployment/web')
    await kubectl.run('rollout status deployment/web --timeout=150s')
    assert.match((await inPod('client', fetchScript('web', 80))).stdout, /200 OK/)
  })

  test('a reset is refused while it runs, and leaves nothing once it does not', async () => {
    const refused = proa.reset()
    assert.equal(refused.code, 1)
    assert.match(
      refused.text,
      /^proa: the data directory \S+ is in use by another proa \(pid \d+\)[^\n]*\n$/,
    )
    const ids = ownIds(proa)
    for (const [what, found] of Object.entries(await traces(proa, ids)))
      assert.notDeepEqual(found, [], `there is no sign of ${what}, so the check proves nothing`)
    const from = performance.now()
    assert.equal(await proa.end('SIGTERM'), 0)
    assert.ok(performance.now() - from < 20_000, 'it ends by itself')
    assert.deepEqual(proa.reset(), {
      code: 0,
      text: `everything that Proa made for ${proa.directory} is removed\n`,
    })
    assert.deepEqual(await traces(proa, ids), NO_TRACES)
    assert.equal(proa.reset().code, 0, 'again')
  })
})

function get(
  url: string,
  { ca, token }: { ca?: string | undefined; token?: string | undefined },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const asked = request(url, { ca, headers }, answer => {
      let text = ''
      answer.on('data', part => {
        text += part
      })
      answer.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end()
  })
}
