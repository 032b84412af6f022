/** Where Proa's DNS server means to answer otherwise than CoreDNS. */
import type { AskedName } from './world.ts'

/** Each says why; `theirs` is how CoreDNS answers. */
const REASONS: readonly (readonly [string, (asked: AskedName, answers: Answers) => boolean])[] = [
  [
    'CoreDNS has no answers to these questions but where plugins add some',
    ({ type }) => ['SOA', 'NS', 'ANY'].includes(type),
  ],
  [
    'a name that leads to another does so whatever is asked (RFC 1034, 3.6.2)',
    ({ type }, { ours }) =>
      !['A', 'AAAA', 'CNAME'].includes(type) && ours.answers.some(text => / CNAME /.test(text)),
  ],
  [
    'an address of the cluster is no name of others, whatever is asked of it',
    ({ name, type }, { ours }) => isReverse(name) && type !== 'PTR' && ours.code === 'NOERROR',
  ],
  [
    'names that have records of another type are there (RFC 8020)',
    ({ name }, { ours }) =>
      /^(dns-version\.|([a-z]+\.)?(svc|pod)\.)?cluster\.local$/i.test(name) &&
      ours.code === 'NOERROR',
  ],
  [
    'a name leads to another also where that one has nothing',
    (_, { ours, theirs }) =>
      theirs.answers.length === 0 &&
      ours.answers.length > 0 &&
      ours.answers.every(text => / CNAME /.test(text)),
  ],
  [
    'who has no name any more, since its Service leads elsewhere or is gone, is not found by its address',
    ({ name, type }, { ours, theirs }) =>
      isReverse(name) &&
      type === 'PTR' &&
      ours.answers.every(text => theirs.answers.includes(text)),
  ],
  ['pods have no ports', ({ name, type }) => type === 'SRV' && /\.pod\./i.test(name)],
  [
    'only ports have names with underscores, and they have SRV records alone',
    ({ name, type }, { ours }) =>
      name.startsWith('_') && type !== 'SRV' && ours.answers.length === 0,
  ],
]

interface Told {
  readonly code: string
  readonly answers: readonly string[]
  readonly additionals: readonly string[]
}

interface Answers {
  readonly ours: Told
  readonly theirs: Told
}

const isReverse = (name: string) => /\.arpa$/i.test(name)

/** Undefined where nothing excuses a difference. */
export const reasonFor = (asked: AskedName, answers: Answers): string | undefined =>
  REASONS.find(([, holds]) => holds(asked, answers))?.[0]
