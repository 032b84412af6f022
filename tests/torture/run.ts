/**
 * `npm run torture`: power cuts at the syncs of random lives of the store until the time is over, each life with a new seed, then bugs
 * that must be found. `-- --seconds 60 --seed 7` says otherwise; a seed that was printed shows the same images again.
 */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lies } from '../../src/store/testing/disk/control.ts'
import { fates } from '../../src/store/testing/disk/fates.ts'
import { buildDisk } from '../../src/store/testing/disk/library.ts'
import { type TortureOptions, torture } from '../../src/store/testing/disk/torture.ts'

const COMMITS_IN_A_LIFE = 1500
const IMAGES_OF_A_LIFE = 4000

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } },
})
const firstSeed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const endMs = performance.now() + Number(values.seconds) * 1000
const scratch = mkdtempSync(join(tmpdir(), 'proa-torture-'))
const disk = buildDisk(scratch)
const code = 'missing' in disk ? refuse(disk.missing) : run(disk.library)
rmSync(scratch, { recursive: true })
process.exit(code)

function run(library: string): number {
  const live = (seed: number, more: Partial<TortureOptions>) =>
    torture({
      library,
      scratch,
      seed,
      commits: COMMITS_IN_A_LIFE,
      images: IMAGES_OF_A_LIFE,
      fates: Object.keys(fates),
      ...more,
    })
  const total = { lives: 0, commits: 0, syncs: 0, images: 0, violations: 0 }
  for (let seed = firstSeed; total.lives === 0 || performance.now() < endMs; seed++) {
    const life = live(seed, {})
    total.lives++
    total.commits += life.commits
    total.syncs += life.syncs
    total.images += life.images
    total.violations += life.violations.length
    tell(`seed ${seed}: ${life.commits} commits, ${life.syncs} syncs, ${life.images} images`)
    for (const violation of life.violations) tell(`✖ ${violation}`)
  }
  tell(
    `${total.lives} lives, ${total.commits} commits, ${total.syncs} syncs, ${total.images} images: ${total.violations} violations`,
  )
  const bugs: Readonly<Record<string, Partial<TortureOptions>>> = {
    'synchronous=OFF': { lies: lies.log },
    'a file that is not synced before its log is reused': { lies: lies.file },
    'a directory that is not synced': { lies: lies.directory },
    'a commit that is acknowledged early': { plant: 'early' },
  }
  const missed = Object.entries(bugs).filter(
    ([, bug]) => live(firstSeed, { commits: 100, ...bug }).violations.length === 0,
  )
  const count = Object.keys(bugs).length
  tell(`planted bugs caught ${count - missed.length}/${count}`)
  for (const [name] of missed) tell(`✖ not found: ${name}`)
  return total.violations + missed.length === 0 ? 0 : 1
}

function refuse(reason: string): number {
  tell(reason)
  return 1
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}
