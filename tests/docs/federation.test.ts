/** The sessions of docs/federation.md, run as they stand there: four processes of the real program, and kubectl. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ProaProcess } from '../scenarios/proa-process.ts'
import { projectRoot } from '../tidy/sources.ts'
import { kubectlMissing } from '../tools/kubectl.ts'

const guide = readFileSync(join(projectRoot, 'docs/federation.md'), 'utf8')
const scratch = mkdtempSync(join(tmpdir(), 'proa-federation-'))
const started: ProaProcess[] = []
/** Placement takes moments, and longer on a machine on which four clusters start beside each other. */
const PATIENCE_MS = 60_000

after(async () => {
  for (const each of started) await each.kill('SIGTERM')
  rmSync(scratch, { recursive: true, force: true })
})

const skip = kubectlMissing()

test('the guide’s sessions print what it shows', { skip, timeout: 600_000 }, async () => {
  const sessions = [...guide.matchAll(/<!-- session -->\n```console\n([\s\S]*?)```/g)]
  assert.equal(sessions.length, 6)
  const environment: Record<string, string> = {}
  for (const { command, output } of sessions.flatMap(([, text = '']) => stepsOf(text))) {
    const exported = /^export (\w+)=(.*)$/.exec(command)
    if (exported) environment[exported[1] ?? ''] = join(scratch, exported[2] ?? '')
    else if (command.endsWith(' &')) await start(command)
    else await prints(command, output, environment)
  }
})

/** In the background, on a port that is free. */
async function start(command: string): Promise<void> {
  const words = command
    .replace('npx proa ', '')
    .replace(/ &$/, '')
    .replace(/--secure-port \d+/, '--secure-port 0')
    .split(' ')
  const at = words.indexOf('--data-dir') + 1
  words[at] = join(scratch, words[at] ?? '')
  const process = new ProaProcess(words)
  started.push(process)
  await process.ready()
}

/** What changes nothing may be asked until it shows what is to come. */
async function prints(
  command: string,
  output: string,
  environment: Record<string, string>,
): Promise<void> {
  const isReading = / get /.test(command)
  const giveUp = performance.now() + PATIENCE_MS
  for (;;) {
    const said = await bash(command, environment)
    if (said === output.trim()) return
    if (!isReading || performance.now() > giveUp) assert.equal(said, output.trim(), command)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

function stepsOf(text: string) {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const end = step.indexOf('\n')
      return { command: step.slice(0, end), output: step.slice(end + 1) }
    })
}

function bash(command: string, environment: Record<string, string>): Promise<string> {
  const program = `${process.execPath} ${join(projectRoot, 'bin', 'proa.js')}`
  return new Promise(resolve => {
    const child = spawn('bash', ['-c', command.replace('npx proa', program)], {
      cwd: scratch,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        said += text
      })
    child.once('close', () => resolve(said.trim()))
  })
}
