/**
 * The envtest suites of others on Proa and, where there is one, on upstream's kube-apiserver with etcd: what fails on one of them alone, and
 * how long each took. See CONTRIBUTING.md.
 *
 *   node tests/machine/clients/suites/run.ts MODULE@VERSION|DIR PACKAGE [WORDS for the tests …]
 *   node tests/machine/clients/suites/run.ts sigs.k8s.io/karpenter@v1.13.0 ./pkg/controllers/provisioning
 *
 * Modules come through Go's proxy. What is downloaded and built is kept below the machine's folder for temporary files.
 *
 * Run so far, with what failed on Proa alone mended:
 *
 *   kueue v0.17.0 (test/integration/singlecluster)   webhook/core, controller/core, scheduler, conversion
 *   jobset, lws (test/integration)                   controller(s), webhook(s); some of both race, and fail on either server
 *   cluster-api                                      internal/util/ssa, util/patch, controllers/crdmigrator, core/webhooks, core/reconcilers: clusterclass,
 *                                                    clusterresourceset, machine, machineset, topology/cluster, …/structuredmerge
 *   cert-manager (test/integration)                  validation, webhook, acme, issuers, certificaterequests, certificates
 *   flux                                             pkg/ssa v0.78.0 with jsondiff, kustomize-controller without its Vault
 *   gateway-api (tests)                              cel, crd, vap
 *   karpenter v1.13.0                                pkg/apis/v1, pkg/controllers/provisioning
 *   kro v0.9.4                                       test/integration/suites/core
 *   gatekeeper v3                                    pkg/watch, pkg/readiness, pkg/controller/config, pkg/controller/mutators/core
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { messageOf, UserError } from '#base/errors.ts'
import { findProgram } from '#host/programs.ts'
import { projectRoot } from '../../../tidy/sources.ts'
import { kubeApiServer } from '../../etcd/servers.ts'
import { attempt, buildFolder, run } from '../programs.ts'
import {
  counted,
  differences,
  type Outcomes,
  outcomesInReport,
  outcomesInText,
} from './outcomes.ts'

/** Of one run of the tests; suites of thousands of specs take some minutes. */
const TIMEOUT = '30m'

const tell = (line: string) => void process.stdout.write(`${line}\n`)
const [source, path, ...words] = process.argv.slice(2)
try {
  if (!source || !path)
    throw new UserError('say MODULE@VERSION or a folder, and the package of the tests in it')
  process.exit((await main(source, path)) ? 0 : 1)
} catch (error) {
  tell(`✖ ${messageOf(error)}`)
  process.exit(1)
}

/** Whether nothing fails on Proa alone. */
async function main(from: string, name: string): Promise<boolean> {
  const folder = await sourcesOf(from)
  const cwd = join(folder, name)
  const binary = join(buildFolder('suites'), `${plain(`${from} ${name}`)}.test`)
  tell(`building ${name}`)
  // Not `go vet`, which would only judge somebody else's tests.
  await run('go', ['test', '-c', '-vet=off', '-buildvcs=false', '-o', binary, name], {
    cwd: folder,
  })
  const proa = await outcomesOn('Proa', await proaPrograms(), { binary, cwd })
  const programs = upstreamPrograms()
  if (!programs) {
    tell('there is no kube-apiserver with etcd here: TEST_ASSET_KUBE_APISERVER may name one')
    return ![...proa.values()].includes('failed')
  }
  const upstream = await outcomesOn('upstream', programs, { binary, cwd })
  const found = differences(proa, upstream)
  for (const { name: test, one, other } of found)
    tell(`${one === 'failed' ? '✖' : '·'} ${test}: ${one} on Proa, ${other} on upstream`)
  return !found.some(({ one }) => one === 'failed')
}

/** A copy that tests may write into. */
async function sourcesOf(from: string): Promise<string> {
  if (!from.includes('@')) return resolve(from)
  const folder = join(buildFolder('suites'), plain(from))
  if (existsSync(folder)) return folder
  tell(`downloading ${from}`)
  const { Dir, Error: wrong } = JSON.parse(
    (await attempt('go', ['mod', 'download', '-json', from], { cwd: tmpdir() })).stdout || '{}',
  ) as { Dir?: string; Error?: string }
  if (!Dir) throw new UserError(`${from} cannot be downloaded: ${wrong ?? 'go tells no reason'}`)
  cpSync(Dir, folder, { recursive: true })
  // Go's cache is kept from being written to.
  await run('chmod', ['-R', 'u+w', folder])
  return folder
}

/** As a name of a file. */
function plain(text: string): string {
  return text.replace(/[^\w.@-]+/g, '-')
}

async function proaPrograms(): Promise<string> {
  const folder = join(buildFolder('suites'), 'proa')
  const proa = join(projectRoot, 'bin', 'proa.js')
  await run(process.execPath, [proa, 'envtest', '--bin-dir', folder])
  return folder
}

/** Undefined where they are not on this machine. */
function upstreamPrograms(): string | undefined {
  const [server, etcd] = [kubeApiServer(), process.env.TEST_ASSET_ETCD ?? findProgram('etcd')]
  if (!server || !etcd) return undefined
  const folder = join(buildFolder('suites'), 'upstream')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const kubectl = findProgram('kubectl')
  const programs = { 'kube-apiserver': server, etcd, ...(kubectl ? { kubectl } : {}) }
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, join(folder, name))
  return folder
}

interface Suite {
  readonly binary: string
  /** Where its package is: tests look for files from there. */
  readonly cwd: string
}

async function outcomesOn(name: string, programs: string, suite: Suite): Promise<Outcomes> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-suite-'))
  const report = join(directory, 'report.json')
  const assets = ['kube-apiserver', 'etcd', 'kubectl'].map(program => [
    `TEST_ASSET_${program.replace('-', '_').toUpperCase()}`,
    join(programs, program),
  ])
  const env = {
    ...Object.fromEntries(assets),
    KUBEBUILDER_ASSETS: programs,
    // For machines that have other things to do as well.
    KUBEBUILDER_CONTROLPLANE_START_TIMEOUT: '2m',
  }
  const flags = ['-test.v', `-test.timeout=${TIMEOUT}`]
  try {
    const help = await attempt(suite.binary, ['-help'], suite)
    if (`${help.stdout}${help.stderr}`.includes('ginkgo.json-report'))
      flags.push(`-ginkgo.json-report=${report}`)
    const from = performance.now()
    const { stdout } = await attempt(suite.binary, [...flags, ...words], { ...suite, env })
    const seconds = ((performance.now() - from) / 1000).toFixed(1)
    const outcomes = new Map([
      ...outcomesInText(stdout),
      ...(existsSync(report) ? outcomesInReport(readFileSync(report, 'utf8')) : []),
    ])
    tell(`${name}: ${counted(outcomes)}, ${seconds} s`)
    for (const [test, outcome] of outcomes) if (outcome === 'failed') tell(`  failed: ${test}`)
    if (outcomes.size === 0) tell(stdout.slice(-2_000))
    return outcomes
  } finally {
    rmSync(directory, { recursive: true })
  }
}
