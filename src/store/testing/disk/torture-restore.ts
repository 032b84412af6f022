import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '#base/errors.ts'
import { loadDatabase } from '../../sqlite/database.ts'
import { inspectFile } from '../../sqlite/inspect.ts'
import { decode } from '../recorder.ts'
import { DiskControl } from './control.ts'
import { Dice } from './dice.ts'
import { DiskModel } from './disk-model.ts'
import { fates } from './fates.ts'
import { environmentOf } from './library.ts'
import { imagePlace } from './torture.ts'
import { readTrace } from './trace.ts'

export interface RestoreTortureOptions {
  readonly library: string
  readonly scratch: string
  readonly seed: number
  /** A data directory as a killed process left it, and a snapshot to restore there. */
  readonly directory: string
  readonly snapshot: string
  /** A sum of `lies`: a planted bug. */
  readonly lies?: number
}

/** What a directory holds, in one line. */
type Portrait = string

/**
 * Cuts the power all along a save and of a restore. A saved file must be whole as soon as it has its name, and be there once the
 * command has ended; a restore must leave the old store or the restored one, and the restored one once it has ended.
 */
export function tortureRestore(options: RestoreTortureOptions) {
  const { scratch, seed, snapshot } = options
  const before = filesIn(options.directory, 'data')
  const violations: string[] = []
  const place = imagePlace(scratch)
  const random = new Dice(seed)
  let images = 0
  const cuts = (command: Recorded, judge: (hasEnded: boolean) => string | undefined) => {
    const disk = new DiskModel(before)
    const cut = (hasEnded: boolean) => {
      for (const [name, fate] of Object.entries(fates)) {
        writeImage(place, disk.crash(fate(random)))
        images++
        const violation = judge(hasEnded)
        if (violation) violations.push(`${command.name}, ${name}: ${violation}`)
      }
    }
    for (const step of readTrace(command.trace)) {
      disk.apply(step)
      // The fates of what comes next cut between writes, too.
      if (step.type !== 'write') cut(false)
    }
    cut(true)
  }

  const old = portraitOf(writeImage(place, before), 'data')
  const saved = `saveSnapshot(data, join(root, 'saved.db'))`
  cuts(record('save', saved, options), hasEnded => {
    const files = readdirSync(place)
    if (!files.includes('saved.db')) return hasEnded ? 'the saved file is gone' : undefined
    return problemOf(() => inspectFile(join(place, 'saved.db')))
  })
  const restored = `restoreSnapshot(data, ${JSON.stringify(snapshot)})`
  const command = record('restore', restored, options)
  const wanted = command.portrait
  cuts(command, hasEnded => {
    const found = portraitOf(place, 'data')
    if (found === wanted || (found === old && !hasEnded)) return undefined
    return `it holds ${found}, not ${wanted}${hasEnded ? '' : ` or ${old}`}`
  })
  rmSync(place, { recursive: true })
  return { images, violations }
}

interface Recorded {
  readonly name: string
  readonly trace: Buffer
  /** What the directory holds after it. */
  readonly portrait: Portrait
}

/** Runs one command on a recorded disk. */
function record(name: string, call: string, options: RestoreTortureOptions): Recorded {
  const root = mkdtempSync(join(options.scratch, `${name}-`))
  const disk = join(root, 'disk')
  mkdirSync(disk)
  cpSync(options.directory, join(disk, 'data'), { recursive: true })
  const control = DiskControl.create(join(root, 'control'))
  control.lie(options.lies ?? 0)
  control.close()
  const trace = join(root, 'trace')
  const module = JSON.stringify(import.meta.resolve('../../sqlite/snapshot.ts'))
  const script = `import { join } from 'node:path'
    import { restoreSnapshot, saveSnapshot } from ${module}
    const root = ${JSON.stringify(disk)}, data = join(root, 'data')
    ${call}`
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env: environmentOf({ library: options.library, root: disk, trace, control: control.file }),
  })
  if (ended.status !== 0) throw new Error(`${name} failed: ${ended.stderr}`)
  const recorded = { name, trace: readFileSync(trace), portrait: portraitOf(disk, 'data') }
  rmSync(root, { recursive: true })
  return recorded
}

function portraitOf(place: string, name: string): Portrait {
  let portrait = ''
  const problem = problemOf(() => {
    const { state } = loadDatabase(join(place, name), 8e15)
    const entries = state
      .list('')
      .entries.map(({ key, value }) => `${key}=${decode(value)?.length}`)
    portrait = `revision ${state.revision} from ${state.compactedRevision}: ${entries.join(' ')}`
  })
  return problem ?? portrait
}

function problemOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function filesIn(directory: string, name: string): Map<string, Buffer> {
  return new Map(
    readdirSync(directory)
      .filter(file => !file.endsWith('-shm'))
      .map(file => [join(name, file), readFileSync(join(directory, file))]),
  )
}

function writeImage(place: string, files: ReadonlyMap<string, Buffer>): string {
  rmSync(place, { recursive: true, force: true })
  mkdirSync(join(place, 'data'), { recursive: true })
  for (const [path, bytes] of files) writeFileSync(join(place, path), bytes)
  return place
}
