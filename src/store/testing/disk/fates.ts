import type { Dice } from './dice.ts'
import { applied, type Change, type Fate } from './disk-model.ts'

/** What a power cut does, from the mildest to the worst. A fate is used for one image. */
export const fates: Readonly<Record<string, (dice: Dice) => Fate>> = {
  nothing: () => ({ names: () => 0, content: durable => durable }),
  everything: () => ({ names: count => count, content: applied }),
  /** Everything up to some byte. */
  prefix: dice => ({
    names: count => dice.below(count + 1),
    content: (durable, pending) => applied(durable, prefixOf(pending, dice)),
  }),
  'torn pages': dice => torn(dice, 4096),
  'torn sectors': dice => torn(dice, 512),
  /** Sectors that were lost where the file grew hold whatever was on the disk before. */
  'torn sectors and old bytes': dice => torn(dice, 512, true),
  /** The last write arrived, and few before it. */
  'out of order': dice => ({
    names: count => dice.below(count + 1),
    content: (durable, pending) =>
      applied(
        durable,
        pending.filter((_, place) => place === pending.length - 1 || dice.below(4) === 0),
      ),
  }),
}

function prefixOf(pending: readonly Change[], dice: Dice): Change[] {
  const count = dice.below(pending.length + 1)
  const kept = pending.slice(0, count)
  const next = pending[count]
  if (next?.type === 'write') {
    kept.push({ ...next, bytes: next.bytes.subarray(0, dice.below(next.bytes.length + 1)) })
  }
  return kept
}

/** Each sector of each write arrives or does not, and so does each change of a length. */
function torn(dice: Dice, sectorBytes: number, isDirty = false): Fate {
  return {
    names: count => dice.below(count + 1),
    content(durable, pending) {
      const kept = pending.flatMap(change =>
        change.type === 'truncate'
          ? dice.below(2) === 0
            ? [change]
            : []
          : sectorsOf(change, sectorBytes).flatMap(sector =>
              dice.below(2) === 0 ? [sector] : isDirty ? dirt(sector, durable.length, dice) : [],
            ),
      )
      return applied(durable, kept)
    },
  }
}

/** A write cut at the borders of sectors. */
function sectorsOf(write: Change & { type: 'write' }, sectorBytes: number): Change[] {
  const sectors: Change[] = []
  const end = write.offset + write.bytes.length
  for (let from = write.offset; from < end; ) {
    const to = Math.min(end, (Math.floor(from / sectorBytes) + 1) * sectorBytes)
    const bytes = write.bytes.subarray(from - write.offset, to - write.offset)
    sectors.push({ ...write, offset: from, bytes })
    from = to
  }
  return sectors
}

function dirt(sector: Change, durableBytes: number, dice: Dice): Change[] {
  if (sector.type !== 'write' || sector.offset < durableBytes) return []
  return [{ ...sector, bytes: Buffer.alloc(sector.bytes.length, dice.below(256)) }]
}
