/** Which lives are told beside upstream, and of what: `PROA_LIVES=200,7` begins at seed 7 and tells two hundred. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { builtIn, custom, type Version } from '../../fuzz/lives.ts'
import { Dice } from '../../fuzz/random.ts'
import { DEFINITIONS } from './non-resource-paths.ts'
import { Pair } from './pair.ts'
import { served, withoutOff } from './served.ts'
import { OWNED_DEFINITION } from './variants/owned-custom.ts'

const [LIVES = 40, FIRST = 1] = (process.env.PROA_LIVES ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
/** Requests of a life between its first and its last. */
export const STEPS = 12

/** `its` are the versions of the kind that a life is about. */
export interface Chosen {
  readonly seed: number
  readonly dice: Dice
  readonly resource: string
  readonly its: readonly Version[]
}

export function* chosenLives(
  isLeftOut: (kind: AnyKind) => boolean = () => false,
): Generator<Chosen, void, undefined> {
  const kinds = served.filter(kind => !isLeftOut(kind))
  const versions = [...kinds.map(withoutGated), ...custom]
  for (let seed = FIRST; seed < FIRST + LIVES; seed++) {
    const dice = new Dice(seed)
    for (let thrown = 0; thrown < 3; thrown++) dice.below(2)
    const { resource } = dice.pick(versions)
    const its = versions.filter(each => each.resource === resource)
    yield { seed, dice, its, resource }
  }
}

/** Without fields that upstream drops. */
function withoutGated(kind: AnyKind): Version {
  const version = builtIn(kind)
  return { ...version, full: dice => withoutOff(version.full(dice), kind) as PlainObject }
}

/** Both servers, with the custom resources that lives are about, too. */
export async function startPairForLives(): Promise<Pair> {
  const pair = await Pair.start()
  await pair.both({ method: 'POST', path: DEFINITIONS, body: OWNED_DEFINITION })
  for (const { at } of custom)
    while ((await pair.both({ method: 'GET', path: at })).some(({ status }) => status !== 200))
      await sleep(100)
  return pair
}
