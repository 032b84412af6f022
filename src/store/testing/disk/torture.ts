import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DiskControl } from './control.ts'
import { Dice } from './dice.ts'
import { DiskModel } from './disk-model.ts'
import { fates } from './fates.ts'
import { type Note, TortureHistory } from './history.ts'
import { imageViolations } from './judge.ts'
import { environmentOf } from './library.ts'
import { readTrace, type Step } from './trace.ts'

export interface TortureOptions {
  readonly library: string
  /** On a real disk; removed afterwards. */
  readonly scratch: string
  readonly seed: number
  readonly commits: number
  /** Names of `fates` to try at each sync. */
  readonly fates: readonly string[]
  /** No more images than about this many, spread over the whole life. */
  readonly images: number
  /** No further images once it says so; the life is lived to its end. */
  readonly isOver?: () => boolean
  /** A sum of `lies`: a planted bug. */
  readonly lies?: number
  /** Another planted bug: `early` says that a commit is done before it is. */
  readonly plant?: 'early'
}

export interface TortureReport {
  readonly seed: number
  readonly commits: number
  /** fsync calls of the life, each a moment for a power cut. */
  readonly syncs: number
  readonly images: number
  readonly violations: readonly string[]
}

/** Enough to see what is wrong. */
const MAX_VIOLATIONS = 5

/** Lets a store live on a recorded disk, cuts the power at its syncs, and judges what is left each time. */
export function torture(options: TortureOptions): TortureReport {
  const { scratch, seed } = options
  const trace = recordLife(options)
  const steps = [...readTrace(trace)]
  const syncs = steps.filter(step => step.type === 'synced').length
  const random = new Dice(seed)
  // Whole syncs are left out rather than fates, so that each moment that is looked at is looked at well.
  const every = Math.max(1, Math.ceil((syncs * options.fates.length) / options.images))
  const offset = random.below(every)
  const found = { images: 0, violations: [] as string[] }
  const place = imagePlace(scratch)
  const disk = new DiskModel()
  const history = new TortureHistory()
  let sync = 0
  for (const step of steps) {
    // Just before a sync is done is when most is at stake.
    if (step.type === 'synced' && ++sync % every === offset) {
      for (const name of options.fates) {
        if (found.violations.length < MAX_VIOLATIONS && !options.isOver?.())
          cut({ disk, history, name, random, place }, sync, found)
      }
    }
    if (step.type === 'note') takeNotes(history, step)
    else disk.apply(step)
  }
  rmSync(place, { recursive: true })
  if (!history.isDone) found.violations.push('the life did not end well')
  return { seed, commits: history.states.length - 1, syncs, ...found }
}

/** A directory for images: what is judged need not be on a disk, and is written thousands of times. */
export function imagePlace(scratch: string): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : scratch, 'proa-image-'))
}

interface Cut {
  readonly disk: DiskModel
  readonly history: TortureHistory
  readonly name: string
  readonly random: Dice
  readonly place: string
}

function cut(
  { disk, history, name, random, place }: Cut,
  sync: number,
  found: { images: number; violations: string[] },
): void {
  const fate = fates[name]?.(random)
  if (!fate) throw new Error(`there is no fate ${name}`)
  const directory = join(place, 'data')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  for (const [path, bytes] of disk.crash(fate)) {
    if (basename(path).startsWith('state.db')) writeFileSync(join(place, path), bytes)
  }
  found.images++
  for (const violation of imageViolations(directory, history)) {
    found.violations.push(`sync ${sync}, ${name}: ${violation}`)
  }
}

function recordLife({ library, scratch, seed, commits, lies = 0, plant }: TortureOptions): Buffer {
  const root = mkdtempSync(join(scratch, 'life-'))
  const disk = join(root, 'disk')
  mkdirSync(disk)
  const trace = join(root, 'trace')
  const control = DiskControl.create(join(root, 'control'))
  control.lie(lies)
  control.close()
  const script = join(import.meta.dirname, 'torture-writer.ts')
  const words = [join(disk, 'data'), join(disk, 'notes'), `${seed}`, `${commits}`, plant ?? '']
  const life = spawnSync(process.execPath, [script, ...words], {
    encoding: 'utf8',
    env: environmentOf({ library, root: disk, trace, control: control.file }),
  })
  if (life.status !== 0) throw new Error(`the life failed with seed ${seed}: ${life.stderr}`)
  const bytes = readFileSync(trace)
  rmSync(root, { recursive: true })
  return bytes
}

function takeNotes(history: TortureHistory, { text }: Step & { type: 'note' }): void {
  for (const line of text.trimEnd().split('\n')) history.take(JSON.parse(line) as Note)
}
