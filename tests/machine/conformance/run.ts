/** `npm run conformance`: upstream's own conformance suite against Proa, and a scorecard. See CONTRIBUTING.md. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, UserError } from '#base/errors.ts'
import { kubectlMissing } from '../../tools/kubectl.ts'
import { closingLine } from '../../tools/run-tests.ts'
import { installPackages, MACHINE_PACKAGES } from '../packages.ts'
import { whyNotHere } from '../proa-process.ts'
import { startCluster } from './cluster.ts'
import { expectedFailures } from './expected.ts'
import { ensureImages } from './images.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { ensureProgram } from './programs.ts'
import type { Outcome } from './report.ts'
import { isGood, judge, scorecard } from './scorecard.ts'
import { passes, runPass, type SuiteOptions } from './suite.ts'

/** What the test images are made with. */
const IMAGE_PACKAGES = ['debootstrap', 'etcd-server', 'openssl']

const tell = (line: string) => void process.stdout.write(`${line}\n`)
const words = process.argv.slice(2)
if (words.includes('--help')) {
  tell(HELP)
  process.exit(0)
}
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    tell(`${signal}: ending what was started, which takes up to a minute`)
    interrupted.abort()
  })
try {
  process.exit((await main(parseOptions(words, new Date()))) ? 0 : 1)
} catch (error) {
  tell(`✖ ${messageOf(error)}`)
  process.exit(1)
}

/** Whether the run shows nothing that is not known. */
async function main(options: Options): Promise<boolean> {
  const { nodes, count, cache, families } = options
  const images = nodes === 'containerd' ? await readyForContainers(options) : undefined
  const missing = kubectlMissing()
  if (missing) throw new UserError(missing)
  const [e2e, ginkgo] = [
    ensureProgram('e2e.test', cache, tell),
    ensureProgram('ginkgo', cache, tell),
  ]
  if (options.prepare) return true
  const from = performance.now()
  const cluster = await startCluster(nodes, images, count, 'join', families)
  let outcomes: readonly Outcome[]
  let isClean = true
  void cluster.death.then(words => {
    isClean = false
    tell(`✖ the cluster is gone, ${words}`)
    interrupted.abort()
  })
  try {
    const nodeCount = nodes === 'hollow' ? 2 : count
    const programs = { e2e, ginkgo, kubeconfig: cluster.kubeconfig, nodeCount }
    outcomes = await runSuite(programs, options)
  } finally {
    await cluster.stop().catch(error => {
      isClean = false
      tell(`✖ not all of the cluster could be removed: ${messageOf(error)}`)
    })
  }
  return conclude(outcomes, options, Math.round((performance.now() - from) / 1000)) && isClean
}

/** Resolves with the directory of the images. */
async function readyForContainers({ cache, images }: Options): Promise<string> {
  installPackages([...MACHINE_PACKAGES, ...(images === undefined ? IMAGE_PACKAGES : [])])
  const reason = whyNotHere()
  if (reason !== undefined) throw new UserError(reason)
  return images ?? ensureImages({ cache, tell })
}

type Programs = Pick<SuiteOptions, 'e2e' | 'ginkgo' | 'kubeconfig' | 'nodeCount'>

async function runSuite(programs: Programs, options: Options): Promise<Outcome[]> {
  const { focus, skip, timeout, output } = options
  const { signal } = interrupted
  const outcomes: Outcome[] = []
  for (const pass of passes(options.labels, options.processes)) {
    if (signal.aborted) break
    tell(`pass ${pass.name}: ${pass.processes} at once, told in ${join(output, pass.name, 'log')}`)
    outcomes.push(...(await runPass(pass, { ...programs, output, signal, focus, skip, timeout })))
  }
  return outcomes
}

function conclude(
  outcomes: readonly Outcome[],
  { nodes, count: nodeCount, output }: Options,
  seconds: number,
) {
  const verdict = judge(outcomes, expectedFailures(nodes, nodeCount))
  const text = scorecard(outcomes, verdict)
  mkdirSync(output, { recursive: true })
  writeFileSync(join(output, 'scorecard.txt'), `${text}\n`)
  tell(`\n${text}\n`)
  const count = (wanted: Outcome['state']) =>
    outcomes.filter(({ state }) => state === wanted).length
  tell(`${seconds} s on ${nodes} nodes; reports and logs are in ${output}`)
  const failed = verdict.failures.length + verdict.surprises.length
  tell(
    closingLine({
      passed: count('passed') - verdict.surprises.length,
      failed,
      skipped: count('skipped') + verdict.expected.length,
    }),
  )
  return isGood(outcomes, verdict) && !interrupted.signal.aborted
}
