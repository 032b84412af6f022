/** What may happen to the ways between some processes, by what they are to the API: clients, API servers (`api-1` …), members of etcd (`member-1` …). */
import type { Random } from '#base/random.ts'
import type { Rule, Way } from './network.ts'

export interface Fault {
  readonly name: string
  readonly rule?: Rule
  /** Which connections break at once. */
  readonly resets?: (way: Way) => boolean
  /** Which connections break in the end, and with them what was held. */
  readonly breaks?: (way: Way) => boolean
  /** A member that stands still. */
  readonly stopped?: string
}

const SLOW_MS = { least: 5, most: 150 }

const hold =
  (isHeld: (way: Way) => boolean): Rule =>
  way =>
    isHeld(way) ? 'hold' : 0

const touches =
  (name: string) =>
  ({ from, to }: Way) =>
    from === name || to === name

/** Any of these, of which the names are those of the ways that there are. */
export function faultFor(names: readonly string[], random: Random): Fault {
  const victim = names[random.integer(names.length)] ?? ''
  const ms = SLOW_MS.least + random.integer(SLOW_MS.most)
  const side = new Set(names.filter(() => random.integer(2) === 0))
  const isOneOfMany = isMemberName(victim) && names.filter(isMemberName).length > 1
  // A member that the others hear, too, still gets its writes through: what is asked of it is done, and nobody is told.
  const isAnswer = ({ from, to }: Way) =>
    from === victim && !(isMemberName(victim) && isMemberName(to))
  const faults: Fault[] = [
    { name: `${victim} is cut off`, rule: hold(touches(victim)) },
    { name: `nobody hears ${victim}`, rule: hold(({ from }) => from === victim) },
    {
      name: `answers of ${victim} are lost`,
      rule: hold(isAnswer),
      breaks: isAnswer,
    },
    { name: `${victim} hears nobody`, rule: hold(({ to }) => to === victim) },
    { name: `all is ${ms} ms late`, rule: () => ms },
    { name: `connections of ${victim} break`, resets: touches(victim) },
    {
      name: `${[...side]} on one side`,
      rule: hold(({ from, to }) => side.has(from) !== side.has(to)),
    },
  ]
  if (isOneOfMany)
    faults.push(
      {
        name: `${victim} is cut off from the other members alone`,
        rule: hold(way => touches(victim)(way) && [way.from, way.to].every(isMemberName)),
      },
      { name: `${victim} stands still`, stopped: victim },
    )
  return faults[random.integer(faults.length)] as Fault
}

const isMemberName = (name: string) => name.startsWith('member')
