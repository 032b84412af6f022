/**
 * `npm run fuzz`: every target for its share of ten minutes. `--seconds 60`, `--seed 1` (the seed of a run that found something)
 * and names of targets say otherwise.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { reportOf } from './fuzzer.ts'
import { fuzzed } from './targets.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string' },
  },
})
if (values.help) {
  const names = fuzzed.map(({ name }) => name).join(', ')
  process.stdout.write(
    `npm run fuzz -- [--seconds 600] [--seed NUMBER] [TARGET ...]\ntargets: ${names}\n`,
  )
  process.exit(0)
}
const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed)
const wanted = fuzzed.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const durationMs = (Number(values.seconds) * 1000) / Math.max(1, wanted.length)
let found = wanted.length === 0
if (found) process.stderr.write(`no target is called ${positionals.join(' or ')}; see --help\n`)
process.stdout.write(
  `seed ${seed}, ${Math.round(durationMs)} ms for each of ${wanted.length} targets\n`,
)
for (const target of wanted) {
  const { runs, findings } = await target.run({ seed, durationMs })
  process.stdout.write(`${findings.length === 0 ? '✔' : '✖'} ${target.name}: ${runs} runs\n`)
  for (const finding of findings) process.stdout.write(`${reportOf(finding, seed)}\n`)
  found ||= findings.length > 0
}
process.exit(found ? 1 : 0)
