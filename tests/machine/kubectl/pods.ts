/** What a container is given, what it may do, and how it ends. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { eventually } from '../proa-process.ts'
import { type Bench, container, FOREVER, type Json, linesOf, podOf, podRunning } from './bench.ts'

export function podCases(bench: Bench): void {
  const { kubectl } = bench

  test('images: what no registry has, what may not be pulled, what is here', async () => {
    const none = 'registry.invalid/none/such:1'
    const waiting = '.status.containerStatuses[0].state.waiting'
    await bench.apply(
      podRunning('pull-always', 'true', { image: none, imagePullPolicy: 'Always' }),
      podRunning('pull-never', 'true', { image: none, imagePullPolicy: 'Never' }),
    )
    assert.deepEqual(
      (
        await bench.outcome(
          podRunning('pull-present', 'echo here', { imagePullPolicy: 'IfNotPresent' }),
        )
      ).lines,
      ['here'],
    )
    await bench.until('pod/pull-never', `${waiting}.reason`, 'ErrImageNeverPull')
    assert.equal(
      await bench.field('pod pull-never', `${waiting}.message`),
      `Container image "${none}" is not present with pull policy of Never`,
    )
    const reasons = new Set<string>()
    await eventually(async () => {
      reasons.add(await bench.field('pod pull-always', `${waiting}.reason`))
      return reasons.has('ImagePullBackOff')
    })
    // It is pulled again in between.
    await eventually(async () =>
      /^Back-off pulling image "registry\.invalid\/none\/such:1"/.test(
        await bench.field('pod pull-always', `${waiting}.message`),
      ),
    )
    const events = (await bench.events('pull-always')).join('\n')
    assert.match(events, /^Pulling: Pulling image "registry\.invalid\/none\/such:1"$/m)
    assert.match(events, /^Failed: Failed to pull image "registry\.invalid\/none\/such:1": \S/m)
    assert.match(events, /^Failed: Error: ErrImagePull$/m)
    assert.match(await kubectl.run('get pod pull-never'), /ErrImageNeverPull/)
    await bench.delete('pull-always', 'pull-never')
  })

  test('command, arguments, variables from everywhere, working directory', async () => {
    await bench.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'env' }, data: { A: 'a', B: 'b' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'env' }, stringData: { S: 'secret' } },
    )
    const from = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } })
    const resource = (name: string, divisor?: string) => ({
      valueFrom: { resourceFieldRef: { resource: name, ...(divisor ? { divisor } : {}) } },
    })
    const shown =
      'echo $A $P_B $S $NAME $NODE $APP $CPU $MEMORY "$SUM" "$KEPT" $OPTIONAL; pwd; echo "$@"'
    const { lines } = await bench.outcome(
      podOf('variables', {
        containers: [
          {
            name: 'c',
            image: busyboxImage,
            command: ['sh', '-c', shown, '$(A)'],
            args: ['$(SUM)', '$$(A)', '$(NONE)'],
            workingDir: '/tmp',
            resources: { limits: { cpu: '250m', memory: '64Mi' } },
            envFrom: [
              { configMapRef: { name: 'env' } },
              { prefix: 'P_', configMapRef: { name: 'env' } },
              { secretRef: { name: 'none', optional: true } },
            ],
            env: [
              { name: 'S', valueFrom: { secretKeyRef: { name: 'env', key: 'S' } } },
              {
                name: 'OPTIONAL',
                valueFrom: { configMapKeyRef: { name: 'env', key: 'X', optional: true } },
              },
              { name: 'NAME', ...from('metadata.name') },
              { name: 'NODE', ...from('spec.nodeName') },
              { name: 'APP', ...from("metadata.labels['app']") },
              { name: 'CPU', ...resource('limits.cpu', '1m') },
              { name: 'MEMORY', ...resource('limits.memory', '1Mi') },
              { name: 'SUM', value: '$(NAME)-$(S)' },
              { name: 'KEPT', value: '$$(NAME)' },
            ],
          },
        ],
      }),
    )
    assert.deepEqual(lines, [
      'a b secret variables here variables 250 64 variables-secret $(NAME)',
      '/tmp',
      'variables-secret $(A) $(NONE)',
    ])
    await bench.apply(
      podRunning('no-such-map', 'true', { envFrom: [{ configMapRef: { name: 'no-such' } }] }),
    )
    const waiting = '.status.containerStatuses[0].state.waiting'
    await bench.until('pod/no-such-map', `${waiting}.reason`, 'CreateContainerConfigError')
    assert.equal(
      await bench.field('pod no-such-map', `${waiting}.message`),
      'configmap "no-such" not found',
    )
    await bench.delete('no-such-map')
  })

  test('requests and limits are in the container’s cgroup, and memory ends at its limit', async () => {
    const cgroup = '/sys/fs/cgroup'
    const read = [
      `cat ${cgroup}/memory/memory.limit_in_bytes ${cgroup}/cpu/cpu.shares`,
      `cat ${cgroup}/cpu/cpu.cfs_quota_us ${cgroup}/cpu/cpu.cfs_period_us`,
      'cat /proc/self/oom_score_adj',
    ].join('; ')
    const resources = {
      requests: { cpu: '100m', memory: '16Mi' },
      limits: { cpu: '500m', memory: '32Mi' },
    }
    const { lines, pod } = await bench.outcome(podRunning('limited', read, { resources }))
    assert.deepEqual(lines.slice(0, 4), [String(32 * 1024 * 1024), '102', '50000', '100000'])
    assert.ok(Number(lines[4]) > 0 && Number(lines[4]) < 1000, 'Burstable')
    assert.equal(pod.status.qosClass, 'Burstable')
    const greedy = async (name: string) => {
      const more = { resources: { limits: { memory: '16Mi' } } }
      const script = 'x=1; while :; do x=$x$x; done'
      const { pod } = await bench.outcome(podRunning(name, script, more), 'Failed')
      const { reason, exitCode } = pod.status.containerStatuses[0].state.terminated
      return [reason, exitCode]
    }
    // containerd hears of the exit and of its reason on two ways, and on a busy machine of the exit first.
    let ended = await greedy('greedy')
    for (let more = 1; more < 4 && ended[0] === 'Error'; more++)
      ended = await greedy(`greedy-${more}`)
    assert.deepEqual(ended, ['OOMKilled', 137])
  })

  test('who a container runs as, and what it may do', async () => {
    const id = 'id -u; id -g; id -G; touch /data/f && stat -c "%u %g" /data/f; stat -c %g /data'
    const users = await bench.outcome(
      podRunning(
        'users',
        id,
        { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
        {
          securityContext: {
            runAsUser: 1000,
            runAsGroup: 2000,
            fsGroup: 3000,
            supplementalGroups: [4000],
          },
          volumes: [{ name: 'data', emptyDir: {} }],
        },
      ),
    )
    assert.deepEqual(users.lines.slice(0, 2), ['1000', '2000'])
    assert.deepEqual(users.lines[2]?.split(' ').toSorted(), ['2000', '3000', '4000'])
    assert.deepEqual(users.lines.slice(3), ['1000 3000', '3000'])

    const status = (...names: string[]) =>
      `grep -E "^(${names.join('|')}):" /proc/self/status | tr -d "\\t"`
    const bounds = status('NoNewPrivs', 'Seccomp', 'CapEff')
    const masked =
      'wc -c < /proc/keys; grep -c "^proc /proc/sys proc ro," /proc/mounts; touch /x 2>&1 | grep -c Read-only'
    const tight = await bench.outcome(
      podRunning('tight', `${bounds}; ${masked}`, {
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
      }),
    )
    assert.deepEqual(tight.lines, [
      'CapEff:0000000000000400',
      'NoNewPrivs:1',
      'Seccomp:2',
      '0',
      '1',
      '1',
    ])
    const loose = await bench.outcome(
      podRunning(
        'loose',
        `${bounds}; ls -d /dev/kmsg; mkdir /m && mount -t tmpfs x /m && echo mounted`,
        {
          securityContext: { privileged: true },
        },
      ),
    )
    // Nobody can be given what this process lacks itself.
    const ours = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    assert.equal(loose.lines[0], `CapEff:${ours}`)
    assert.deepEqual(loose.lines.slice(1, 3), ['NoNewPrivs:0', 'Seccomp:0'])
    assert.equal(loose.lines[3], '/dev/kmsg', 'it sees the host’s devices')
    assert.equal(loose.lines[4], 'mounted')

    await bench.apply(
      podRunning('as-root', 'true', {}, { securityContext: { runAsNonRoot: true } }),
    )
    const waiting = '.status.containerStatuses[0].state.waiting'
    await bench.until('pod/as-root', `${waiting}.reason`, 'CreateContainerConfigError')
    assert.match(
      await bench.field('pod as-root', `${waiting}.message`),
      /^container has runAsNonRoot and image will run as root/,
    )
    await bench.delete('as-root')
  })

  test('names: host name and subdomain, host aliases, DNS as asked', async () => {
    const { lines } = await bench.outcome(
      podRunning(
        'named',
        'hostname; hostname -f; grep 10.1.2.3 /etc/hosts; cat /etc/resolv.conf',
        {},
        {
          hostname: 'busy',
          subdomain: 'sub',
          hostAliases: [{ ip: '10.1.2.3', hostnames: ['foo', 'bar'] }],
          dnsPolicy: 'None',
          dnsConfig: {
            nameservers: ['10.9.9.9'],
            searches: ['my.test'],
            options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
          },
        },
      ),
    )
    assert.deepEqual(lines, [
      'busy',
      'busy.sub.kubectl-cases.svc.cluster.local',
      '10.1.2.3\tfoo\tbar',
      'search my.test',
      'nameserver 10.9.9.9',
      'options ndots:2 edns0',
    ])
  })

  test('namespaces of the host and of the pod: network, processes', async () => {
    const onHost = await bench.outcome(
      podRunning(
        'on-host',
        'hostname; ip -o link | wc -l; ps | wc -l',
        {},
        { hostNetwork: true, hostPID: true },
      ),
    )
    assert.equal(onHost.lines[0], hostname())
    assert.ok(Number(onHost.lines[1]) > 2, 'the host’s links')
    assert.ok(Number(onHost.lines[2]) > 20, 'the host’s processes')
    assert.equal(onHost.pod.status.podIP, onHost.pod.status.hostIP)
    await bench.apply(
      podOf('shared', {
        shareProcessNamespace: true,
        containers: [container('one', 'exec sleep 1001'), container('two', 'exec sleep 1002')],
      }),
    )
    await bench.ready('shared')
    const seen = await bench.says('shared', 'ps')
    assert.match(seen, /sleep 1002/)
    assert.match(seen, /^\s*1 .*pause/m)
    await bench.delete('shared')
  })

  test('how pods end: messages, deadlines, policies, back-off', async () => {
    const policy = (name: string) => ({ terminationMessagePolicy: name })
    await bench.apply(
      podRunning('late', FOREVER, {}, { activeDeadlineSeconds: 1 }),
      podRunning('crashing', 'echo once; exit 3'),
      podRunning(
        'on-failure',
        'echo tried >> /x/n; [ $(wc -l < /x/n) -ge 2 ]',
        {
          volumeMounts: [{ name: 'x', mountPath: '/x' }],
        },
        { restartPolicy: 'OnFailure', volumes: [{ name: 'x', emptyDir: {} }] },
      ),
    )
    const ended = (pod: Json) => pod.status.containerStatuses[0].state.terminated
    const written = ended(
      (
        await bench.outcome(
          podRunning('written', 'printf "last words" > /dev/termination-log; exit 0'),
        )
      ).pod,
    )
    assert.deepEqual([written.message, written.reason], ['last words', 'Completed'])
    const failed = ended(
      (
        await bench.outcome(
          podRunning('fallback', 'echo from the log; exit 6', policy('FallbackToLogsOnError')),
          'Failed',
        )
      ).pod,
    )
    assert.deepEqual(
      [failed.message, failed.exitCode, failed.reason],
      ['from the log\n', 6, 'Error'],
    )
    await bench.until('pod/late', '.status.phase', 'Failed')
    assert.equal(await bench.field('pod late', '.status.reason'), 'DeadlineExceeded')
    assert.match(
      await bench.field('pod late', '.status.message'),
      /active on the node longer than the specified deadline/,
    )
    await bench.until('pod/on-failure', '.status.phase', 'Succeeded')
    assert.equal(
      await bench.field('pod on-failure', '.status.containerStatuses[0].restartCount'),
      '1',
    )
    const waiting = '.status.containerStatuses[0].state.waiting'
    // Ten seconds at first, then twice as long each time; on a busy machine more than one is over by now. It runs anew between two.
    const loops = `{${waiting}.reason}: {${waiting}.message}`
    const backOff =
      /^CrashLoopBackOff: back-off [124]0s restarting failed container=c pod=crashing_kubectl-cases\([0-9a-f-]+\)$/
    await eventually(async () =>
      backOff.test(await kubectl.run(['get', 'pod', 'crashing', '-o', `jsonpath=${loops}`])),
    )
    await eventually(async () =>
      /CrashLoopBackOff\s+[1-4] \(\d+s ago\)/.test(await kubectl.run('get pod crashing')),
    )
    assert.match(
      (await bench.events('crashing')).join('\n'),
      /^BackOff: Back-off restarting failed container c in pod crashing_/m,
    )
    await bench.delete('late', 'crashing')
  })

  test('init containers one after the other; sidecars from before to after', async () => {
    const x = { volumeMounts: [{ name: 'x', mountPath: '/x' }] }
    const volumes = [
      {
        name: 'x',
        hostPath: { path: `${bench.scratch}/sidecar`, type: 'DirectoryOrCreate' },
      },
    ]
    const say = (word: string) => `echo ${word} >> /x/order`
    const sidecar = `${say('side')}; trap "${say('side-end')}; exit 0" TERM; touch /x/up; while :; do sleep 0.05; done`
    await bench.apply(
      podOf('ordered', {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 10,
        volumes,
        initContainers: [
          container('one', say('one'), x),
          container('side', sidecar, {
            ...x,
            restartPolicy: 'Always',
            startupProbe: { exec: { command: ['test', '-e', '/x/up'] }, periodSeconds: 1 },
          }),
          container('two', say('two'), x),
        ],
        containers: [container('main', `${say('main')}; sleep 0.3; ${say('main-end')}`, x)],
      }),
      podOf('stuck', {
        initContainers: [container('one', 'echo no; exit 1'), container('two', 'true')],
        containers: [container('main', 'true')],
      }),
      podOf('given-up', {
        restartPolicy: 'Never',
        initContainers: [container('one', 'exit 1')],
        containers: [container('main', 'true')],
      }),
    )
    await bench.until('pod/ordered', '.status.phase', 'Succeeded')
    const { lines } = await bench.outcome(podRunning('order', 'cat /x/order', x, { volumes }))
    assert.deepEqual(lines, ['one', 'side', 'two', 'main', 'main-end', 'side-end'])
    await bench.until('pod/given-up', '.status.phase', 'Failed')
    assert.match(await kubectl.run('get pod given-up'), /Init:Error/)
    await eventually(async () => /Init:CrashLoopBackOff/.test(await kubectl.run('get pod stuck')))
    assert.equal(
      await bench.field('pod stuck', '.status.initContainerStatuses[1].state.waiting.reason'),
      'PodInitializing',
    )
    assert.equal(linesOf(await kubectl.run('logs stuck -c one'))[0], 'no')
    await bench.delete('stuck', 'given-up')
  })
}
