/** The README's terminal session, command by command: what it promises is what comes out, but for names, addresses and times. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { projectRoot } from '../tidy/sources.ts'
import { busyboxTarball } from '../tools/busybox-image.ts'
import { eventually } from './proa-process.ts'

const proa = join(projectRoot, 'bin', 'proa.js')
const scratch = mkdtempSync(join(tmpdir(), 'proa-readme-'))
const directory = join(scratch, 'data')
const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8')
const session = stepsOf(
  /<!-- session: real containers -->\n```console\n([\s\S]*?)```/.exec(readme)?.[1] ?? '',
)
let cluster: ReturnType<typeof spawn> | undefined

before(() => {
  // Stands in for the image of the same name that a registry has.
  const image = join(scratch, 'busybox.tar')
  const tarball = busyboxTarball('docker.io/library/busybox:1.36')
  assert.ok(tarball, 'the Debian package busybox-static is installed')
  writeFileSync(image, tarball)
  const loaded = spawnSync(
    process.execPath,
    [proa, 'image', 'load', image, '--data-dir', directory],
    { encoding: 'utf8' },
  )
  assert.equal(loaded.status, 0, loaded.stderr)
})

after(async () => {
  if (cluster && cluster.exitCode === null) {
    const ended = new Promise(resolve => cluster?.once('exit', resolve))
    cluster.kill('SIGTERM')
    await ended
  }
  const reset = spawnSync(process.execPath, [proa, 'reset', '--data-dir', directory], {
    encoding: 'utf8',
  })
  rmSync(scratch, { recursive: true })
  assert.equal(reset.status, 0, reset.stderr)
})

test('the terminal session prints what the README shows', { timeout: 600_000 }, async () => {
  assert.ok(session.length > 5)
  const environment = { ...process.env, KUBECONFIG: join(directory, 'admin.conf') }
  for (const { command, output } of session) {
    if (command.startsWith('npx proa up')) {
      assert.deepEqual(masked(await startCluster()), masked(output))
      continue
    }
    if (command.startsWith('export ')) continue
    // Whoever types is slower than a node that makes itself known; on a busy machine this test is not.
    if (command.startsWith('kubectl wait node'))
      await eventually(async () => (await bash('kubectl get nodes -o name', environment)) !== '')
    const result = await bash(command, environment)
    assert.deepEqual(masked(result), masked(output), command)
  }
})

interface Step {
  readonly command: string
  readonly output: string
}

function stepsOf(text: string): Step[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const end = step.indexOf('\n')
      return { command: step.slice(0, end), output: step.slice(end + 1) }
    })
}

/** Starts the cluster beside whatever else runs on this machine; resolves with the lines that say what is ready. */
function startCluster(): Promise<string> {
  const ranges = ['--cluster-cidr', '10.251.0.0/16', '--service-cluster-ip-range', '10.252.0.0/16']
  const words = [proa, 'up', '--data-dir', directory, '--secure-port', '0', ...ranges]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  cluster = child
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      said += text
      if (said.includes('\n\n')) resolve(said.slice(0, said.indexOf('\n\n') + 1))
    })
    child.once('exit', code => reject(new Error(`proa up ended with ${code}`)))
  })
}

function bash(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise(resolve => {
    const child = spawn('bash', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        said += text
      })
    child.once('close', () => resolve(said))
  })
}

/** Lines without what differs from run to run; columns by single spaces. A machine may be called by two letters that a pod's name holds, too. */
function masked(text: string): string[] {
  const machine = hostname().toLowerCase()
  return text
    .replaceAll(directory, '/var/lib/proa')
    .replaceAll(`node/${machine} `, 'node/debian ')
    .replaceAll(` ${machine} (containerd)`, ' debian (containerd)')
    .replace(/web-[a-z0-9]+-[a-z0-9]{5}/g, 'web-HASH')
    .replace(/\b\d+\.\d+\.\d+\.\d+\b/g, 'ADDRESS')
    .replace(/ADDRESS:\d+/g, 'ADDRESS:PORT')
    .replace(/\b\d+(\.\d+)? ?s\b/g, 'TIME')
    .split('\n')
    .map(line => line.replace(/\s+/g, ' ').trim())
    .filter(line => line !== '')
}
