/** logs, exec, attach, run, cp, port-forward, debug, top, delete: what each prints and how it ends. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { busyboxImage } from '../../tools/busybox-image.ts'
import { eventually } from '../proa-process.ts'
import {
  type Bench,
  container,
  FOREVER,
  linesOf,
  NAMESPACE,
  podOf,
  podRunning,
  runProgram,
  serviceOf,
} from './bench.ts'

const BIG_BYTES = 5 * 1024 * 1024
const digest = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('hex')

export function commandCases(bench: Bench): void {
  const { kubectl } = bench

  test('logs of a container: from its start, to its end, parts of them', async () => {
    const count = 'for i in 1 2 3 4 5 6; do echo line $i; sleep 0.1; done; echo oops >&2'
    await bench.apply(podRunning('counting', count, {}, { restartPolicy: 'Never' }))
    await bench.until('pod/counting', '.status.containerStatuses[0].started', 'true')
    const all = linesOf(await kubectl.run('logs -f counting'))
    const expected = [...[1, 2, 3, 4, 5, 6].map(i => `line ${i}`), 'oops']
    assert.deepEqual(all.toSorted(), expected.toSorted())
    assert.equal(linesOf(await kubectl.run('logs counting --tail=2')).length, 2)
    assert.deepEqual(linesOf(await kubectl.run('logs counting --limit-bytes=6')), ['line 1'])
    const [stamped = ''] = linesOf(await kubectl.run('logs counting --timestamps'))
    assert.match(stamped, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 1$/)
    assert.equal(linesOf(await kubectl.run('logs counting --since=1h')).length, 7)
    await eventually(async () => (await kubectl.run('logs counting --since=1s')) === '')
    const now = new Date().toISOString()
    assert.equal(await kubectl.run(`logs counting --since-time=${now}`), '')
  })

  test('logs of several containers and pods, of the run before, and of what is not there', async () => {
    const several = (name: string) =>
      podOf(
        name,
        {
          containers: [
            container('one', `echo 1; ${FOREVER}`),
            container('two', `echo 2; ${FOREVER}`),
          ],
        },
        { labels: { app: 'several' } },
      )
    await bench.apply(
      several('several-a'),
      several('several-b'),
      podRunning(
        'again',
        `[ -e /x/was ] && echo second && ${FOREVER}; touch /x/was; echo first; exit 1`,
        { volumeMounts: [{ name: 'x', mountPath: '/x' }] },
        { volumes: [{ name: 'x', emptyDir: {} }] },
      ),
    )
    await bench.ready('several-a', 'several-b')
    const flags = '--all-containers --prefix --tail=-1'
    const logs = async () => linesOf(await kubectl.run(`logs -l app=several ${flags}`)).toSorted()
    // A container runs before it has said what it says.
    await eventually(async () => (await logs()).length >= 4)
    assert.equal(await kubectl.run('logs several-a -c two'), '2\n')
    assert.deepEqual(await logs(), [
      '[pod/several-a/one] 1',
      '[pod/several-a/two] 2',
      '[pod/several-b/one] 1',
      '[pod/several-b/two] 2',
    ])
    assert.match(await kubectl.fails('logs several-a -c three'), /container three is not valid/)
    assert.match(
      await kubectl.fails('logs several-a -c one --previous'),
      /previous terminated container "one" in pod "several-a" not found/,
    )
    await bench.until('pod/again', '.status.containerStatuses[0].restartCount', '1')
    assert.equal(await kubectl.run('logs again --previous'), 'first\n')
    await eventually(async () => (await kubectl.run('logs again')) === 'second\n')
    await bench.delete('several-a', 'several-b', 'again')
  })

  test('exec: input to its end, a terminal, exit codes, five megabytes each way', async () => {
    await bench.apply(podRunning('shell', FOREVER))
    await bench.ready('shell')
    const failed = await bench.inPod('shell', 'echo out; echo oops >&2; exit 42')
    assert.deepEqual([failed.code, failed.stdout], [42, 'out\n'])
    assert.match(failed.stderr, /^oops\n.*exit code 42/)
    const missing = await kubectl.try('exec shell -- no-such-program')
    assert.match(missing.stderr, /executable file not found in \$PATH/)
    assert.notEqual(missing.code, 0)
    const killed = await bench.inPod('shell', 'kill -9 $$')
    assert.equal(killed.code, 137)
    const onTerminal = await bench.terminal('exec -it shell -- sh -c "tty; echo oops >&2; exit 9"')
    assert.match(onTerminal.stdout, /\/dev\/pts\/0\r\noops\r\n/)
    assert.equal(onTerminal.code, 9)
    const typed = await bench.terminal('exec -it shell -- sh', 'echo $((6 * 7))\nexit 3\n')
    assert.match(typed.stdout, /^42\r$/m)
    assert.equal(typed.code, 3)
    const big = 'x'.repeat(BIG_BYTES)
    const echoed = await kubectl.try('exec -i shell -- cat', { input: big })
    assert.equal(digest(echoed.stdout), digest(big))
    const counted = await kubectl.try('exec -i shell -- md5sum', { input: big })
    assert.equal(counted.stdout.split(' ')[0], digest(big))
  })

  test('attach to what runs; run and throw away', async () => {
    const echo = 'while read line; do echo got $line; done; echo end of input; sleep 1000'
    await bench.apply(podRunning('listening', echo, { stdin: true }))
    await bench.ready('listening')
    const words = [
      '--kubeconfig',
      bench.kubeconfig,
      '-n',
      'kubectl-cases',
      'attach',
      '-i',
      'listening',
    ]
    const child = spawn('kubectl', words)
    let heard = ''
    child.stdout.on('data', text => {
      heard += text
    })
    child.stdin.write('first\n')
    await eventually(() => heard.includes('got first'))
    child.stdin.write('second\n')
    await eventually(() => heard.includes('got second'))
    child.kill('SIGKILL')
    assert.deepEqual(linesOf(await kubectl.run('logs listening')).slice(0, 2), [
      'got first',
      'got second',
    ])

    const image = `--image=${busyboxImage} --restart=Never`
    const script = 'read x; echo said $x; exit 5'
    const thrown = await kubectl.try(
      [...`run thrown -i --rm --quiet ${image} -- sh -c`.split(' '), script],
      { input: 'hello\n' },
    )
    assert.match(thrown.stdout, /^said hello$/m)
    assert.equal(thrown.code, 5)
    const seen = await bench.terminal(`run seen -it --rm ${image} -- sh`, 'tty; exit\n')
    assert.match(seen.stdout, /\/dev\/pts\/0/)
    assert.match(seen.stdout, /pod "seen" deleted/)
    for (const name of ['thrown', 'seen'])
      await eventually(async () => /not found/.test((await kubectl.try(`get pod ${name}`)).stderr))
  })

  test('cp brings files and directories there and back', async () => {
    const here = mkdtempSync(join(tmpdir(), 'proa-cp-'))
    try {
      await bench.apply(podRunning('store', FOREVER))
      await bench.ready('store')
      const bytes = randomBytes(BIG_BYTES)
      writeFileSync(join(here, 'there'), bytes)
      await kubectl.run(`cp ${here} store:/tmp/copied`)
      assert.equal(
        (await bench.says('store', 'md5sum /tmp/copied/there')).split(' ')[0],
        digest(bytes),
      )
      await kubectl.run(`cp store:/tmp/copied/there ${here}/back`)
      assert.equal(digest(readFileSync(join(here, 'back'))), digest(bytes))
    } finally {
      rmSync(here, { recursive: true })
    }
  })

  test('port-forward to a pod and a Service; a port where nobody listens', async () => {
    await bench.apply(
      podRunning('pages', 'echo page > /www/index.html; exec httpd -f -p 8080 -h /www', {
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      }),
      serviceOf('pages', { ports: [{ port: 80, targetPort: 'http' }] }),
    )
    await bench.ready('pages')
    for (const target of ['pod/pages 0:8080', 'service/pages 0:80']) {
      const { port, stop } = await forward(bench, target)
      const asked = [1, 2, 3].map(() => runProgram('curl', ['-sS', `http://127.0.0.1:${port}`]))
      for (const { stdout } of await Promise.all(asked)) assert.equal(stdout, 'page\n', target)
      stop()
    }
    const { port, stop, said } = await forward(bench, 'pod/pages 0:99')
    assert.notEqual((await runProgram('curl', ['-sS', `http://127.0.0.1:${port}`])).code, 0)
    await eventually(() => /connection refused/i.test(said()))
    stop()
  })

  test('debug adds a container to a running pod', async () => {
    await bench.apply(podRunning('puzzling', FOREVER))
    await bench.ready('puzzling')
    const debug = `debug puzzling --image=${busyboxImage} --target=c --profile=general -c look`
    const words = [...debug.split(' '), '--', 'sh', '-c', 'ps; sleep 1000']
    await kubectl.run(words)
    const look = '.status.ephemeralContainerStatuses[0].state.running.startedAt'
    await eventually(async () => (await bench.field('pod puzzling', look)) !== '')
    // It sees the processes of its target.
    await eventually(async () =>
      /1 root .*sleep 1000/.test(await kubectl.run('logs puzzling -c look')),
    )
    assert.equal((await kubectl.try('exec puzzling -c look -- true')).code, 0)
  })

  test('delete gives a pod its grace, and takes it at once where forced', async () => {
    const polite =
      'trap "echo bye; sleep 0.5; echo gone; exit 0" TERM; echo here; while :; do sleep 0.05; done'
    const deaf = 'trap "" TERM; while :; do sleep 0.1; done'
    await bench.apply(
      podRunning('polite', polite, {}, { terminationGracePeriodSeconds: 300 }),
      podRunning('deaf', deaf, {}, { terminationGracePeriodSeconds: 300 }),
      podRunning('forced', deaf, {}, { terminationGracePeriodSeconds: 300 }),
    )
    await bench.ready('polite', 'deaf', 'forced')
    const following = follow(bench, 'polite')
    await eventually(() => following.heard() === 'here\n')
    const timed = async (words: string) => {
      const from = performance.now()
      await kubectl.run(words)
      return performance.now() - from
    }
    const politeMs = await timed('delete pod polite')
    assert.ok(politeMs > 400 && politeMs < 100_000, `${politeMs} ms`)
    await following.ended
    assert.deepEqual(linesOf(following.heard()), ['here', 'bye', 'gone'])
    const deafMs = await timed('delete pod deaf --grace-period=2')
    assert.ok(deafMs > 1_500 && deafMs < 100_000, `${deafMs} ms`)
    const id = (await bench.field('pod forced', '.status.containerStatuses[0].containerID')).slice(
      13,
    )
    assert.ok((await timed('delete pod forced --force --grace-period=0')) < 100_000)
    await eventually(() => !processesMention(id))
  })
}

const processesMention = (id: string) => readFileSync('/proc/mounts', 'utf8').includes(id)

/** The log of a pod as it comes. */
function follow(bench: Bench, pod: string) {
  const words = ['--kubeconfig', bench.kubeconfig, '-n', NAMESPACE, 'logs', '-f', pod]
  const child = spawn('kubectl', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', part => {
    text += part
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  return { heard: () => text, ended }
}

/** Resolves once the port is open. */
async function forward(bench: Bench, words: string) {
  const child = spawn('kubectl', [
    ...['--kubeconfig', bench.kubeconfig, '-n', NAMESPACE, 'port-forward'],
    ...words.split(' '),
  ])
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', part => {
      text += part
    })
  const port = await eventually(() => /127\.0\.0\.1:(\d+)/.exec(text)?.[1])
  return { port, said: () => text, stop: () => child.kill('SIGTERM') }
}
