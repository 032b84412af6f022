/** `npm run conformance`: upstream's own conformance suite against Proa, and a scorecard. See CONTRIBUTING.md. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '#base/errors.ts'
import { closingLine } from '../../tools/run-tests.ts'
import { installPackages } from '../packages.ts'
import { startCluster } from './cluster.ts'
import { expectedFailures } from './expected.ts'
import { ensureImages } from './images.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { ensureProgram } from './programs.ts'
import type { Outcome } from './report.ts'
import { isGood, judge, scorecard } from './scorecard.ts'
import { passes, runPass } from './suite.ts'

/** Besides what every machine test needs: what the test images are made with. */
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
  const { nodes, cache, output } = options
  const tools = { cache, tell }
  const [e2e, ginkgo] = (['e2e.test', 'ginkgo'] as const).map(name =>
    ensureProgram(name, cache, tell),
  )
  const images = nodes === 'containerd' ? (options.images ?? (await makeImages(tools))) : undefined
  if (options.prepare) return true
  const from = performance.now()
  const cluster = await startCluster(nodes, images)
  const outcomes: Outcome[] = []
  try {
    const { focus, skip, timeout } = options
    const { kubeconfig } = cluster
    const { signal } = interrupted
    for (const pass of passes(options.processes)) {
      if (signal.aborted) break
      tell(
        `pass ${pass.name}: ${pass.processes} at once, told in ${join(output, pass.name, 'log')}`,
      )
      const settings = { e2e: e2e ?? '', ginkgo: ginkgo ?? '', kubeconfig, output, signal }
      outcomes.push(...(await runPass(pass, { ...settings, focus, skip, timeout })))
    }
  } finally {
    await cluster.stop()
  }
  return conclude(outcomes, options, Math.round((performance.now() - from) / 1000))
}

async function makeImages(tools: { cache: string; tell: typeof tell }): Promise<string> {
  installPackages(IMAGE_PACKAGES)
  return ensureImages(tools)
}

function conclude(outcomes: readonly Outcome[], { nodes, output }: Options, seconds: number) {
  const verdict = judge(outcomes, expectedFailures(nodes))
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
