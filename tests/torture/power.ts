/** Power cuts at the syncs of random lives of the store until the time is over, each life with a new seed, then bugs that must be found. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lies } from '../../src/store/testing/disk/control.ts'
import { fates } from '../../src/store/testing/disk/fates.ts'
import { buildDisk } from '../../src/store/testing/disk/library.ts'
import { type TortureOptions, torture } from '../../src/store/testing/disk/torture.ts'
import { assertNone, type Subject, type Tell } from './subject.ts'

const COMMITS_IN_A_LIFE = 1500
const IMAGES_OF_A_LIFE = 4000

export const power: Subject = {
  doc: 'power cuts at every sync of random lives of the store; a seed shows the same images again',
  flags: { seconds: 600 },
  async run({ seconds = 0, seed = 0 }, tell) {
    const scratch = mkdtempSync(join(tmpdir(), 'proa-torture-'))
    try {
      const disk = buildDisk(scratch)
      if ('missing' in disk) throw new Error(disk.missing)
      runLives({ library: disk.library, scratch, seed: Number(seed) }, Number(seconds), tell)
    } finally {
      rmSync(scratch, { recursive: true })
    }
  },
}

function runLives(
  where: Pick<TortureOptions, 'library' | 'scratch' | 'seed'>,
  seconds: number,
  tell: Tell,
): void {
  const endMs = performance.now() + seconds * 1000
  const live = (seed: number, more: Partial<TortureOptions>) =>
    torture({
      ...where,
      seed,
      commits: COMMITS_IN_A_LIFE,
      images: IMAGES_OF_A_LIFE,
      isOver: () => performance.now() > endMs,
      fates: Object.keys(fates),
      ...more,
    })
  const total = { lives: 0, commits: 0, syncs: 0, images: 0 }
  tell(`lives of ${COMMITS_IN_A_LIFE} commits, up to ${IMAGES_OF_A_LIFE} images of each`)
  for (let { seed } = where; total.lives === 0 || performance.now() < endMs; seed++) {
    const life = live(seed, {})
    total.lives++
    total.commits += life.commits
    total.syncs += life.syncs
    total.images += life.images
    tell(`seed ${seed}: ${life.commits} commits, ${life.syncs} syncs, ${life.images} images`)
    assertNone(life.violations, `seed ${seed}`)
  }
  const { lives, commits, syncs, images } = total
  tell(`${lives} lives, ${commits} commits, ${syncs} syncs, ${images} images: 0 violations`)
  const bugs: Readonly<Record<string, Partial<TortureOptions>>> = {
    'synchronous=OFF': { lies: lies.log },
    'a file that is not synced before its log is reused': { lies: lies.file },
    'a directory that is not synced': { lies: lies.directory },
    'a commit that is acknowledged early': { plant: 'early' },
  }
  const missed = Object.entries(bugs).filter(([, bug]) => {
    const never = { commits: 100, isOver: () => false }
    return live(where.seed, { ...never, ...bug }).violations.length === 0
  })
  const count = Object.keys(bugs).length
  tell(`planted bugs caught ${count - missed.length}/${count}`)
  assertNone(
    missed.map(([name]) => name),
    'bugs that were not found',
  )
}
