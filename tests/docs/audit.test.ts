/** docs/audit.md: its policy and its command are used as they stand there, its program is run, and its flags exist. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { systemClock } from '#host/clock.ts'
import { ProaProcess } from '../scenarios/proa-process.ts'
import { projectRoot } from '../tidy/sources.ts'

const guide = readFileSync(join(projectRoot, 'docs/audit.md'), 'utf8')
const scratch = mkdtempSync(join(tmpdir(), 'proa-audit-guide-'))
const block = (language: string) =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? ''
let cluster: ProaProcess | undefined

after(async () => {
  await cluster?.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
})

test('the guide’s command with its policy logs what it shows', async () => {
  const policy = join(scratch, 'policy.yaml')
  const log = join(scratch, 'audit.log')
  writeFileSync(policy, block('yaml'))
  const words = block('console').trim().replace('$ npx proa ', '').split(' ')
  const placed = words.map(word => ({ 'policy.yaml': policy, 'audit.log': log })[word] ?? word)
  const directory = join(scratch, 'data')
  const quiet = ['--data-dir', directory, '--nodes', 'none', '--secure-port', '0']
  cluster = new ProaProcess([...placed, ...quiet])
  await cluster.ready()
  const files = { read: async () => '', resolve: (name: string) => name }
  const kubeconfig = readFileSync(join(directory, 'admin.conf'), 'utf8')
  const connection = await connectionFromKubeconfig(kubeconfig, files)
  const transport = createHttpTransport(connection, { clock: systemClock })
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'greeting' },
    data: { text: 'hello' },
  }
  const answer = await transport.request({
    method: 'POST',
    path: '/api/v1/namespaces/default/configmaps',
    headers: { 'content-type': 'application/json', 'audit-id': 'greeting' },
    body: Buffer.from(JSON.stringify(body)),
  })
  assert.equal(answer.status, 201)
  assert.equal(answer.headers['audit-id'], 'greeting')
  await transport.close()
  assert.equal((await cluster.kill('SIGTERM')).code, 0)
  const events = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const told = events.filter(({ auditID }) => auditID === 'greeting')
  assert.equal(told.length, 1)
  const shown = JSON.parse(block('json'))
  const same = Object.fromEntries(Object.keys(shown).map(name => [name, told[0][name]]))
  assert.deepEqual(same, shown)
  assert.equal(told[0].requestObject.data.text, 'hello')
})

test('a policy that is none ends the start with one sentence', () => {
  const file = join(scratch, 'wrong.yaml')
  writeFileSync(file, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Much}]\n')
  const program = join(projectRoot, 'bin', 'proa.js')
  const words = ['apiserver', '--data-dir', join(scratch, 'none'), '--secure-port', '0']
  const { status, stderr } = spawnSync(
    process.execPath,
    [program, ...words, '--audit-policy-file', file, '--audit-log-path', '-'],
    { encoding: 'utf8', timeout: 300_000 },
  )
  assert.equal(status, 1)
  assert.equal(
    stderr,
    `proa: loading audit policy file: rules[0].level: Unsupported value: "Much": supported values: "None", "Metadata", "Request", "RequestResponse": from file ${file}\n`,
  )
})

test('the guide’s program prints what it says', () => {
  const program = block('ts')
    .replace("'proa'", "'#index'")
    .replace(/'proa\/(api\/.*)'/, "'#$1.ts'")
  const result = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', program],
    { cwd: projectRoot, encoding: 'utf8', timeout: 300_000 },
  )
  assert.equal(result.stderr, '')
  const [, promised] = /```\n\nprints `(.*)`/.exec(guide) ?? []
  assert.equal(result.stdout.trim(), promised)
})

test('every flag that the guide names is one of up and of apiserver', async () => {
  const { commands } = await import('../../src/cli/commands.ts')
  const named = new Set(guide.match(/--audit-[a-z-]*[a-z]/g))
  assert.ok(named.size > 10)
  for (const { flags } of [commands.up, commands.apiserver]) {
    const known = Object.values(flags).map(flag => `--${flag.name}`)
    for (const flag of named) assert.ok(known.includes(flag), flag)
  }
})
