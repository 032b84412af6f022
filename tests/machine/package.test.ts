/** The published package: packed, installed into an empty directory without development tools, and used there. */
import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { PROA_VERSION, version } from '#base/version.ts'
import { projectRoot } from '../tidy/sources.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-package-'))
const project = join(directory, 'project')
/** With the pinned Node first, as on a machine that has a current one; and a home of its own, without caches of earlier starts. */
const environment = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  HOME: directory,
  XDG_CACHE_HOME: join(directory, 'cache'),
  npm_config_cache: npmCache(),
}

before(() => {
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }\n')
  succeeds(run('npm', ['pack', '--pack-destination', directory], projectRoot))
  const tarball = join(directory, `proa-${PROA_VERSION}.tgz`)
  const words = ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball]
  succeeds(run('npm', words, project))
})
after(() => rmSync(directory, { recursive: true }))

test('holds what is needed and nothing else', () => {
  const installed = join(project, 'node_modules', 'proa')
  assert.deepEqual(readdirSync(installed).sort(), [
    'LICENSE',
    'NOTICE',
    'README.md',
    'bin',
    'dist',
    'package.json',
  ])
  const files = readdirSync(join(installed, 'dist'), { recursive: true }).map(String)
  assert.deepEqual(
    files.filter(path => /\.(test|suite)\.|testing/.test(path)),
    [],
  )
})

test('npx proa version', () => {
  assert.equal(succeeds(run('npx', ['proa', 'version'], project)), `${version.gitVersion}\n`)
})

test('npx proa up starts a cluster that answers, and ends at SIGTERM', async () => {
  const dataDirectory = join(directory, 'data')
  const words = ['--nodes', 'hollow:1', '--secure-port', '0', '--data-dir', dataDirectory]
  const child = spawn(process.execPath, [join(project, 'node_modules/.bin/proa'), 'up', ...words], {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  try {
    let said = ''
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += text
      if (said.includes('https://')) break
    }
    const url = /https:\/\/\S+/.exec(said)?.[0]
    assert.equal(await statusOf(`${url}/readyz`), 200)
  } finally {
    child.kill('SIGTERM')
  }
  assert.equal(await ended, 0)
})

test('npx proa dashboard serves its pages, compiled', async () => {
  const dataDirectory = join(directory, 'data-of-pages')
  const words = [
    'up',
    '--nodes',
    'none',
    '--dashboard',
    '--secure-port',
    '0',
    '--data-dir',
    dataDirectory,
  ]
  const child = spawn(process.execPath, [join(project, 'node_modules/.bin/proa'), ...words], {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  try {
    let said = ''
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += text
      if (said.includes('#token=')) break
    }
    const url = /http:\/\/[^#\s]+/.exec(said)?.[0] ?? ''
    const page = await (await fetch(url)).text()
    const paths = [...page.matchAll(/(?:href|src)="(\/ui\/[^"]+)"/g)].map(([, path = '']) => path)
    assert.ok(paths.includes('/ui/dashboard/pages/main.js'), page)
    for (const path of paths) assert.equal((await fetch(new URL(path, url))).status, 200, path)
  } finally {
    child.kill('SIGTERM')
  }
  assert.equal(await ended, 0)
})

test('serves as a library, with types that a compiler understands', () => {
  writeFileSync(
    join(project, 'use.ts'),
    `import { type Cluster, startCluster } from 'proa'
     import { configMap } from 'proa/api/core/v1/config-map'
     import { pod } from 'proa/api/core/v1/pod'
     void pod
     await using cluster: Cluster = await startCluster()
     const names: readonly string[] = cluster.nodeNames
     // @ts-expect-error: so that types that are not found, which would be any, are noticed
     const wrong: number = cluster.nodeNames
     void wrong
     const made = await cluster.client.create(configMap, {
       metadata: { name: 'x', namespace: 'default' }, data: { a: 'b' },
     })
     console.log(names.join(), made.data?.a)`,
  )
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc')
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'esnext',
  ]
  const types = ['--types', 'node', '--typeRoots', join(projectRoot, 'node_modules/@types')]
  succeeds(run(process.execPath, [compiler, ...options, ...types, 'use.ts'], project))
  assert.equal(succeeds(run(process.execPath, ['use.ts'], project)), 'hollow-0 b\n')
})

const oldNode = findOldNode()
test('a Node that is too old is told so in one sentence', {
  skip: oldNode ? false : 'there is no old Node on this machine',
}, () => {
  const result = run(oldNode ?? '', [join(project, 'node_modules/.bin/proa'), 'version'], project)
  assert.equal(result.status, 1)
  assert.match(result.stderr, /^proa: needs Node\.js 24\.12 or newer, this is \d[^\n]+\n$/)
})

function run(command: string, words: string[], cwd: string): SpawnSyncReturns<string> {
  return spawnSync(command, words, { cwd, env: environment, encoding: 'utf8' })
}

/** Its standard output. */
function succeeds(result: SpawnSyncReturns<string>): string {
  assert.equal(result.status, 0, `${result.stdout}${result.stderr}`)
  return result.stdout
}

/** npm's own, so that nothing is fetched again that `npm ci` has fetched. */
function npmCache(): string {
  return spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim()
}

function findOldNode(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(path => join(path, 'node'))
    .find(path => {
      const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
      return Number(/^v(\d+)/.exec(stdout ?? '')?.[1] ?? Number.NaN) < 24
    })
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { rejectUnauthorized: false, agent: false }, response => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
