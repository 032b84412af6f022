/** What a plain start loads, and when: docs/adr/0005-what-a-start-may-load.md. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { projectRoot } from './sources.ts'

/** Folders and files whose names begin so; each has its reason. */
type Unwanted = Readonly<Record<string, string>>

/** Until the API answers. */
const NOT_BEFORE_READY: Unwanted = {
  'src/controllers/': 'they follow when the API answers',
  'src/scheduler/': 'it follows when the API answers',
  'src/kubelet/containers/': 'nodes follow when the API answers',
  'src/kubelet/kubelet.ts': 'nodes follow when the API answers',
  'src/kubelet/pods/': 'nodes follow when the API answers',
  'src/simulation/': 'nodes follow when the API answers',
  'src/apiserver/openapi/': 'with the first request for a document',
  ...{ 'src/cluster/machine': 'pods are not real', 'src/network/': 'pods are not real' },
}

/** Also in the seconds after. */
const NEVER: Unwanted = {
  'src/kubelet/volumes/csi/': 'no drivers can run on hollow nodes',
  'src/kubelet/plugin-registration/plugin-registration.ts': 'no plugins can run on hollow nodes',
  'src/kubelet/devices/d': 'hollow nodes have no devices',
  'src/kubelet/dra/': 'hollow nodes have no devices',
  'src/kubelet/pod-resources/': 'hollow nodes have no devices',
  'src/kubelet/grpc/': 'nobody speaks gRPC to hollow nodes',
  'src/kubelet/cri/': 'hollow nodes have no containerd',
  'src/kubelet/certificates/': 'a node of this process has the certificates of its cluster',
  'src/kubelet/configuration/': 'there is no file in which the kubelet is set up',
  'src/kubelet/division/division.ts': 'nobody wants the machine divided',
  'src/kubelet/division/cpu-manager.ts': 'nobody wants the machine divided',
  'src/kubelet/division/memory-manager.ts': 'nobody wants the machine divided',
  'src/kubelet/division/topology-manager.ts': 'nobody wants the machine divided',
  'src/kubelet/server/summary': 'nobody asked for it',
  'src/api/machinery/yaml': 'no file and no client says anything in YAML',
  'src/kubelet/server/streams.ts': 'nobody asked for it',
  'src/host/machine/': 'hollow nodes are not on this machine',
  'src/proxy/': 'pods are not real',
  'src/network/': 'pods are not real',
  'src/dns/': 'pods are not real',
  'src/cloud/': 'there is no cloud',
  'src/federation/': 'there is no federation',
  'src/dashboard/': 'nobody wants one',
  'node_modules/': 'dependencies come with what needs them',
}

/** Of our own files, until the API answers; `proa up` is to stay as quick as it is. */
const FILES_BEFORE_READY = 870

/** Tells on the third descriptor which files are loaded, and when somebody listens. */
const TELL = `
import module, { syncBuiltinESMExports } from 'node:module'
import { Server } from 'node:net'
import { writeSync } from 'node:fs'
const tell = line => writeSync(3, line + '\\n')
const { registerHooks } = module
module.registerHooks = hooks => registerHooks({
  ...hooks,
  load(url, context, next) { tell(url); return hooks.load(url, context, next) },
})
syncBuiltinESMExports()
const { listen } = Server.prototype
Server.prototype.listen = function (...given) {
  this.once('listening', () => tell('listening'))
  return listen.apply(this, given)
}
`
/** Nothing has been loaded for so long: all has started. */
const QUIET_MS = 2_000

describe('a plain start', { timeout: 600_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-plain-start-'))
  let beforeReady: readonly string[] = []
  let all: readonly string[] = []
  before(async () => {
    ;({ beforeReady, all } = await started(directory))
  })
  after(() => rmSync(directory, { recursive: true }))

  test('waits for nothing that the API does not need', () => {
    assert.ok(beforeReady.includes('src/apiserver/apiserver.ts'), beforeReady.join('\n'))
    assert.deepEqual(unwantedIn(beforeReady, NOT_BEFORE_READY), [])
    const own = beforeReady.filter(path => path.startsWith('src/'))
    assert.ok(own.length <= FILES_BEFORE_READY, `${own.length} files are loaded`)
  })

  test('loads nothing of what only some clusters have', () => {
    assert.ok(all.includes('src/kubelet/kubelet-core.ts'), all.join('\n'))
    assert.deepEqual(unwantedIn(all, NEVER), [])
  })
})

/** Starts a cluster as a user does, and ends it when it has calmed down; paths are from the project's root. */
async function started(
  directory: string,
): Promise<{ beforeReady: readonly string[]; all: readonly string[] }> {
  const hook = join(directory, 'tell.mjs')
  writeFileSync(hook, TELL)
  const words = ['up', '--nodes', 'hollow:1', '--log-level', 'error', '--secure-port', '0']
  const child = spawn(
    process.execPath,
    ['--import', hook, join(projectRoot, 'bin/proa.js'), ...words, '--data-dir', directory],
    {
      // What was compiled is kept by whoever starts it, who is nobody here.
      env: { ...process.env, XDG_CACHE_HOME: join(directory, 'cache'), NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    },
  )
  const exited = once(child, 'exit')
  let told = ''
  const quiet = new Promise<void>(resolve => {
    let timer: NodeJS.Timeout | undefined
    child.stdio[3]?.on('data', (text: Buffer) => {
      told += text
      clearTimeout(timer)
      if (/^listening$/m.test(told)) timer = setTimeout(resolve, QUIET_MS)
    })
  })
  await Promise.race([quiet, exited])
  child.kill('SIGTERM')
  await exited
  const root = `${pathToFileURL(projectRoot).href}/`
  const [beforeReady = [], afterwards = []] = told
    .split(/^listening$/m)
    .map(text =>
      text.split('\n').flatMap(url => (url.startsWith(root) ? [url.slice(root.length)] : [])),
    )
  return { beforeReady, all: [...beforeReady, ...afterwards] }
}

const unwantedIn = (paths: readonly string[], unwanted: Unwanted): string[] =>
  paths.flatMap(path => {
    const found = Object.entries(unwanted).find(([start]) => path.startsWith(start))
    return found ? [`${path}: ${found[1]}`] : []
  })
