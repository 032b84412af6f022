/** The sessions of docs/backup.md, run as they stand there beside a cluster; numbers and places may differ. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { adminOf, ProaProcess } from '../scenarios/proa-process.ts'
import { projectRoot } from '../tidy/sources.ts'

const guide = readFileSync(join(projectRoot, 'docs/backup.md'), 'utf8')
const scratch = mkdtempSync(join(tmpdir(), 'proa-backup-'))
const directory = join(scratch, 'data')
const start = () =>
  new ProaProcess(['up', '--data-dir', directory, '--nodes', 'none', '--secure-port', '0'])
let cluster: ProaProcess | undefined

after(async () => {
  await cluster?.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
})

test('the guide’s sessions print what it shows, and the restored cluster starts', async t => {
  const sessions = [...guide.matchAll(/<!-- session -->\n```console\n([\s\S]*?)```/g)]
  assert.equal(sessions.length, 2)
  const steps = sessions.flatMap(([, text = '']) => stepsOf(text))
  assert.ok(steps.length > 5)
  cluster = start()
  await cluster.ready()
  for (const { command, output } of steps) {
    if (command === 'kill %1') {
      assert.equal((await cluster.kill('SIGTERM')).code, 0)
      continue
    }
    if (command.startsWith('sqlite3 ') && spawnSync('sqlite3', ['--version']).error) {
      t.diagnostic('no sqlite3 here to try the last session with')
      continue
    }
    assert.deepEqual(masked(await bash(withDirectory(command))), masked(output), command)
  }
  cluster = start()
  await cluster.ready()
  assert.ok(adminOf(directory).cert)
  assert.equal((await cluster.kill('SIGTERM')).code, 0)
})

function stepsOf(text: string) {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const end = step.indexOf('\n')
      return { command: step.slice(0, end), output: step.slice(end + 1) }
    })
}

function withDirectory(command: string): string {
  if (!command.startsWith('npx proa ')) return command
  const program = `${process.execPath} ${join(projectRoot, 'bin', 'proa.js')}`
  const flag = command.includes('snapshot status') ? '' : ` --data-dir ${directory}`
  return `${command.replace('npx proa', program)}${flag}`
}

function bash(command: string): Promise<string> {
  return new Promise(resolve => {
    const child = spawn('bash', ['-c', command], {
      cwd: scratch,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        said += text
      })
    }
    child.once('close', () => resolve(said))
  })
}

/** Without what differs from run to run. */
function masked(text: string): string[] {
  return text
    .replaceAll(directory, '/var/lib/proa')
    .replaceAll(scratch, '/root')
    .replace(/^[0-9a-f]{8}\b/gm, 'HASH')
    .replace(/\b\d+(\.\d+)?\b/g, 'N')
    .split('\n')
    .map(line => line.replace(/\s+/g, ' ').trim())
}
