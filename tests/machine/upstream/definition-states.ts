/** What definitions come through: steps, in order, after which their status is looked at. */
import { conflicts, type Names } from './definition-names.ts'
import type { Asked } from './pair.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const MERGE = { 'content-type': 'application/merge-patch+json' }
const HOLD = 'example.com/hold'

export interface Situation {
  readonly title: string
  readonly steps: readonly Step[]
  /** Why the two may differ. */
  readonly differs?: string
}

/** A request that both are to answer with success, after which both come to rest; a definition whose status is compared then. */
export interface Step {
  readonly asked: Asked
  readonly looksAt: string
  /** What is said there once the request had its effect, where nothing else tells. */
  readonly until?: RegExp
}

interface More {
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly spec?: object
}

const schema = {
  openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
}

const at = (name: string) => `${DEFINITIONS}/${name}`

function make(group: string, names: Names, { annotations, finalizers, spec }: More = {}): Step {
  const name = `${names.plural}.${group}`
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, ...(annotations && { annotations }), ...(finalizers && { finalizers }) },
    spec: {
      group,
      scope: 'Cluster',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
      ...spec,
    },
  }
  return { asked: { method: 'POST', path: DEFINITIONS, body }, looksAt: name }
}

const merge = (name: string, body: object, subresource = ''): Step => ({
  asked: { method: 'PATCH', path: `${at(name)}${subresource}`, body, headers: MERGE },
  looksAt: name,
})
const named = (name: string, names: object) => merge(name, { spec: { names } })
const remove = (name: string, looksAt = name): Step => ({
  asked: { method: 'DELETE', path: at(name) },
  looksAt,
})
const look = (name: string): Step => ({ asked: { method: 'GET', path: at(name) }, looksAt: name })

/** Takes plenty of names of the group of a situation. */
const first = (group: string) =>
  make(group, {
    plural: 'firsts',
    kind: 'First',
    singular: 'first',
    listKind: 'FirstList',
    shortNames: ['fi', 'fst'],
  })

const APPROVAL = 'api-approved.kubernetes.io'
const approved = (value: string): More => ({ annotations: { [APPROVAL]: value } })
const approve = (name: string, value: string | null) =>
  merge(name, { metadata: { annotations: { [APPROVAL]: value } } })

let groups = 0
/** Each situation in a group of its own. */
const groupOf = (suffix = 'states.example.com') => `g${groups++}.${suffix}`

const naming = Object.entries(conflicts).map(([what, names]): Situation => {
  const group = groupOf()
  return {
    title: `whose conflict is ${what}`,
    steps: [
      first(group),
      make(group, names),
      remove(`firsts.${group}`, `${names.plural}.${group}`),
      look(`${names.plural}.${group}`),
    ],
  }
})

function changes(): readonly Situation[] {
  const group = groupOf()
  const name = `seconds.${group}`
  const whole: Names = { plural: 'seconds', kind: 'Second', shortNames: ['se'] }
  const other = groupOf()
  const third = groupOf()
  const byHand = groupOf()
  return [
    {
      title: 'whose names change',
      steps: [
        first(group),
        make(group, whole),
        named(name, { shortNames: ['se', 'fi'] }),
        named(name, { shortNames: ['se', 'other'] }),
        named(name, { singular: 'firsts' }),
        named(name, { singular: 'second', listKind: 'FirstList' }),
        named(name, { listKind: 'SecondList', categories: ['all'] }),
        named(name, { shortNames: null, categories: null }),
        named(`firsts.${group}`, { shortNames: ['se'] }),
      ],
    },
    {
      title: 'which gets its names by another that changes',
      steps: [
        first(other),
        make(other, { plural: 'seconds', kind: 'Second', shortNames: ['fi'] }),
        { ...named(`firsts.${other}`, { shortNames: ['fst'] }), looksAt: `seconds.${other}` },
        look(`firsts.${other}`),
      ],
    },
    {
      title: 'which was refused first and whose names change then',
      steps: [
        first(third),
        make(third, { plural: 'seconds', kind: 'First' }),
        named(`seconds.${third}`, { kind: 'Second' }),
        named(`seconds.${third}`, { kind: 'Second', listKind: 'SecondList', singular: 'second' }),
      ],
    },
    {
      title: 'whose status is written by hand',
      steps: [
        make(byHand, whole),
        merge(`seconds.${byHand}`, { status: { acceptedNames: { kind: 'Other' } } }, '/status'),
        merge(
          `seconds.${byHand}`,
          { status: { acceptedNames: { plural: '', kind: '', singular: null } } },
          '/status',
        ),
        merge(`seconds.${byHand}`, { status: { conditions: null } }, '/status'),
      ],
    },
  ]
}

const approvals = (
  [
    ['approved by an address', 'https://github.com/kubernetes/kubernetes/pull/1'],
    ['unapproved with a word more', 'unapproved, testing only'],
    ['unapproved', 'unapproved'],
  ] as const
).map(([what, value]): Situation => {
  const group = groupOf('k8s.io')
  const name = `firsts.${group}`
  return {
    title: `of a protected group, ${what}`,
    steps: [
      make(group, { plural: 'firsts', kind: 'First' }, approved(value)),
      approve(name, 'unapproved, later'),
      approve(name, 'http://example.com/x'),
      approve(name, 'unapproved'),
    ],
  }
})

function protectedGroups(): readonly Situation[] {
  const [kubernetes, alike, conflicting] = [
    groupOf('kubernetes.io'),
    groupOf('notk8s.io'),
    groupOf('k8s.io'),
  ]
  return [
    {
      title: 'of the other protected group',
      steps: [make(kubernetes, { plural: 'firsts', kind: 'First' }, approved('https://x.y/z'))],
    },
    {
      title: 'of a group that is named like a protected one',
      steps: [make(alike, { plural: 'firsts', kind: 'First' }, approved('https://x.y/z'))],
    },
    {
      title: 'of a protected group, refused',
      steps: [
        make(conflicting, { plural: 'firsts', kind: 'First' }, approved('unapproved')),
        make(conflicting, { plural: 'seconds', kind: 'First' }, approved('unapproved')),
      ],
    },
  ]
}

function deletions(): readonly Situation[] {
  const [empty, full, kept, never, plain] = [groupOf(), groupOf(), groupOf(), groupOf(), groupOf()]
  const held: More = { finalizers: [HOLD] }
  const object = (group: string, finalizers: readonly string[]) => ({
    asked: {
      method: 'POST' as const,
      path: `/apis/${group}/v1/firsts`,
      body: { apiVersion: `${group}/v1`, kind: 'First', metadata: { name: 'a', finalizers } },
    },
    looksAt: `firsts.${group}`,
  })
  const free = (name: string) => merge(name, { metadata: { finalizers: null } })
  return [
    {
      title: 'without objects, held and deleted',
      steps: [
        make(empty, { plural: 'firsts', kind: 'First' }, held),
        remove(`firsts.${empty}`),
        named(`firsts.${empty}`, { shortNames: ['fi'] }),
        free(`firsts.${empty}`),
      ],
    },
    {
      title: 'with an object, held and deleted',
      steps: [
        make(full, { plural: 'firsts', kind: 'First' }, held),
        object(full, []),
        remove(`firsts.${full}`),
        free(`firsts.${full}`),
      ],
    },
    {
      title: 'with an object that stays, held and deleted',
      steps: [
        make(kept, { plural: 'firsts', kind: 'First' }, held),
        object(kept, [HOLD]),
        remove(`firsts.${kept}`),
        {
          asked: {
            method: 'PATCH',
            path: `/apis/${kept}/v1/firsts/a`,
            body: { metadata: { finalizers: null } },
            headers: MERGE,
          },
          looksAt: `firsts.${kept}`,
          until: /InstanceDeletionCompleted/,
        },
        free(`firsts.${kept}`),
      ],
    },
    {
      title: 'that never got its names, held and deleted',
      steps: [
        first(never),
        make(never, { plural: 'seconds', kind: 'First' }, held),
        remove(`seconds.${never}`),
        free(`seconds.${never}`),
      ],
    },
    {
      title: 'that is just deleted',
      steps: [first(plain), remove(`firsts.${plain}`)],
    },
  ]
}

/** Whose objects would lie where those of a built-in resource do. */
function builtIn(): readonly Situation[] {
  const overlapping = (group: string, plural: string, kind: string): Situation => ({
    title: `of the built-in ${plural}, held and deleted`,
    steps: [
      make(group, { plural, kind }, { finalizers: [HOLD], ...approved('unapproved') }),
      remove(`${plural}.${group}`),
      merge(`${plural}.${group}`, { metadata: { finalizers: null } }),
    ],
  })
  return [
    overlapping('apiregistration.k8s.io', 'apiservices', 'APIService'),
    overlapping('scheduling.k8s.io', 'priorityclasses', 'PriorityClass'),
  ]
}

function otherForms(): readonly Situation[] {
  const [unserved, versions, webhook, formats] = [groupOf(), groupOf(), groupOf(), groupOf()]
  return [
    {
      title: 'of which no version is served',
      steps: [
        make(
          unserved,
          { plural: 'firsts', kind: 'First' },
          { spec: { versions: [{ name: 'v1', served: false, storage: true, schema }] } },
        ),
        remove(`firsts.${unserved}`),
      ],
    },
    {
      title: 'whose storage version changes',
      steps: [
        make(versions, { plural: 'firsts', kind: 'First' }),
        merge(`firsts.${versions}`, {
          spec: {
            versions: [
              { name: 'v1', served: true, storage: false, schema },
              { name: 'v2', served: true, storage: true, schema },
            ],
          },
        }),
        merge(`firsts.${versions}`, { status: { storedVersions: ['v2'] } }, '/status'),
      ],
    },
    {
      title: 'with a webhook whose authority is none',
      steps: [
        make(
          webhook,
          { plural: 'firsts', kind: 'First' },
          {
            spec: {
              conversion: {
                strategy: 'Webhook',
                webhook: {
                  conversionReviewVersions: ['v1'],
                  clientConfig: { url: 'https://x.y/z', caBundle: 'Cg==' },
                },
              },
            },
          },
        ),
        merge(`firsts.${webhook}`, { spec: { conversion: { strategy: 'None', webhook: null } } }),
      ],
    },
    {
      title: 'with a format that nobody knows',
      steps: [
        make(
          formats,
          { plural: 'firsts', kind: 'First' },
          {
            spec: {
              versions: [
                {
                  name: 'v1',
                  served: true,
                  storage: true,
                  schema: {
                    openAPIV3Schema: {
                      type: 'object',
                      properties: { a: { type: 'string', format: 'nope' } },
                    },
                  },
                },
              ],
            },
          },
        ),
      ],
    },
  ]
}

export const situations: readonly Situation[] = [
  ...naming,
  ...changes(),
  ...approvals,
  ...protectedGroups(),
  ...deletions(),
  ...builtIn(),
  ...otherForms(),
]
