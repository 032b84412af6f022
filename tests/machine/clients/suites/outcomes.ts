/** What a Go test binary tells of its tests, also of Ginkgo's, and where two runs of it differ. */
export type Outcome = 'passed' | 'failed' | 'skipped'
/** By the names of tests; of several of one name the worst. */
export type Outcomes = ReadonlyMap<string, Outcome>

const GO: Readonly<Record<string, Outcome>> = { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' }
const GINKGO: Readonly<Record<string, Outcome>> = {
  passed: 'passed',
  skipped: 'skipped',
  pending: 'skipped',
}
const WORST: readonly Outcome[] = ['skipped', 'passed', 'failed']

/** Of the verbose text; a test that began and never ended has failed. */
export function outcomesInText(text: string): Outcomes {
  const outcomes = new Map<string, Outcome>()
  for (const [, name = ''] of text.matchAll(/^=== RUN\s+(\S+)/gm)) outcomes.set(name, 'failed')
  for (const [, word = '', name = ''] of text.matchAll(/^\s*--- (PASS|FAIL|SKIP): (\S+)/gm))
    outcomes.set(name, GO[word] ?? 'failed')
  return outcomes
}

/** Of `--ginkgo.json-report`. What is set up or taken down counts where it fails. */
export function outcomesInReport(text: string): Outcomes {
  const outcomes = new Map<string, Outcome>()
  for (const { SpecReports } of JSON.parse(text) as { SpecReports?: SpecReport[] }[])
    for (const spec of SpecReports ?? []) {
      const outcome = GINKGO[spec.State] ?? 'failed'
      if (spec.LeafNodeType !== 'It' && outcome !== 'failed') continue
      const name = nameOf(spec)
      const known = outcomes.get(name)
      if (!known || WORST.indexOf(outcome) > WORST.indexOf(known)) outcomes.set(name, outcome)
    }
  return outcomes
}

interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null
  readonly LeafNodeType: string
  readonly LeafNodeText: string
  /** `passed`, `failed`, `panicked`, `interrupted`, `timedout` … */
  readonly State: string
}

const nameOf = ({ ContainerHierarchyTexts, LeafNodeType, LeafNodeText }: SpecReport) =>
  [...(ContainerHierarchyTexts ?? []), LeafNodeText || LeafNodeType].join(' ')

export interface Difference {
  readonly name: string
  readonly one: Outcome | 'not run'
  readonly other: Outcome | 'not run'
}

/** What failed in one run alone, in the order of the names. */
export function differences(one: Outcomes, other: Outcomes): Difference[] {
  return [...new Set([...one.keys(), ...other.keys()])]
    .sort()
    .map(name => ({
      name,
      one: one.get(name) ?? ('not run' as const),
      other: other.get(name) ?? ('not run' as const),
    }))
    .filter(({ one: a, other: b }) => a !== b && (a === 'failed' || b === 'failed'))
}

/** Such as `216 passed, 1 failed, 2 skipped`. */
export function counted(outcomes: Outcomes): string {
  const count = (wanted: Outcome) => [...outcomes.values()].filter(each => each === wanted).length
  return `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`
}
