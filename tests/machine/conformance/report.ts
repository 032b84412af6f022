/** What a run of upstream's suite says of itself: ginkgo's report in JSON, told as one outcome a test. */

export interface Outcome {
  /** All texts from the outermost container to the test, as focus and skip see them. */
  readonly name: string
  /** `sig-node` and so on; `suite` for what belongs to none, such as what goes before all tests. */
  readonly group: string
  readonly state: 'passed' | 'failed' | 'skipped'
  /** Why it failed, or skipped itself. */
  readonly message: string
  readonly seconds: number
}

/** What we read of a spec; ginkgo writes much more. */
interface Spec {
  readonly ContainerHierarchyTexts: readonly string[] | null
  readonly LeafNodeType: string
  readonly LeafNodeText: string
  readonly State: string
  /** Nanoseconds. */
  readonly RunTime: number
  readonly Failure?: { readonly Message?: string }
}

interface Suite {
  readonly SpecReports: readonly Spec[] | null
  readonly SpecialSuiteFailureReasons?: readonly string[] | null
}

const NANOSECONDS = 1e9

/** The tests that ran or skipped themselves; those that focus and skip left out are not told of. */
export function outcomesOf(text: string): Outcome[] {
  const suites: readonly Suite[] = JSON.parse(text)
  return suites.flatMap(suite => [
    ...(suite.SpecReports ?? []).flatMap(outcomeOf),
    ...suiteFailures(suite),
  ])
}

function outcomeOf(spec: Spec): Outcome[] {
  const isTest = spec.LeafNodeType === 'It'
  const state = stateOf(spec)
  // What goes before and after all tests counts only where it fails.
  if (state === undefined || (!isTest && state !== 'failed')) return []
  const words = [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText]
  const name = isTest ? words.join(' ') : `[${spec.LeafNodeType}]`
  return [
    {
      name,
      group: /^\[(sig-[a-z-]+)\]/.exec(name)?.[1] ?? 'suite',
      state,
      message: spec.Failure?.Message ?? '',
      seconds: spec.RunTime / NANOSECONDS,
    },
  ]
}

/** Besides `failed`, ginkgo has words for tests that panicked, took too long or were interrupted: none of them has passed. */
function stateOf({ State, Failure }: Spec): Outcome['state'] | undefined {
  if (State === 'passed') return 'passed'
  if (State === 'pending') return undefined
  if (State === 'skipped') return Failure?.Message ? 'skipped' : undefined
  return 'failed'
}

/** A suite that was cut off has tests that never began, which no row of theirs tells. */
function suiteFailures({ SpecialSuiteFailureReasons: reasons }: Suite): Outcome[] {
  return (reasons ?? []).map(message => ({
    name: `[Suite] ${message}`,
    group: 'suite',
    state: 'failed',
    message: '',
    seconds: 0,
  }))
}
