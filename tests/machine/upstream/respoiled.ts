/** What of stored objects is written over, at which of their paths, and how their metadata may be otherwise. */
import type { AnyKind } from '#api/machinery/kind.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import { titleOf } from '../../../src/apiserver/all-kinds/testing/objects.ts'
import { at, changed, type Path, type Spoiled } from './spoil.ts'

/** The object itself or a subresource of it that takes a PUT. */
export interface Part {
  /** As of `v1 Pod`, of `v1 Pod status`. */
  readonly title: string
  readonly kind: AnyKind
  /** Behind the path of the object. */
  readonly path: string
  /** Some cannot be read where they are written. */
  readonly readPath: string
  /** What is shown, with what may be written there. */
  readonly begin: (shown: PlainObject) => PlainObject
  readonly within: Path
  /** What of a body is written there but for its metadata, as a text. */
  readonly written: (body: PlainObject) => string
}

interface Special {
  readonly begin?: (shown: PlainObject) => PlainObject
  readonly within: Path
  readonly readPath?: string
}

const resources = { requests: { cpu: '2', memory: '2Gi' }, limits: { cpu: '3', memory: '3Gi' } }
const ephemeral = {
  name: 'debugger',
  image: 'i',
  targetContainerName: 'main',
  command: ['sh'],
  env: [{ name: 'A', value: 'b' }],
  stdin: true,
  tty: true,
}
const approved = { type: 'Approved', status: 'True', reason: 'Fine', message: 'fine' }

const special: Readonly<Record<string, Special>> = {
  scale: { within: ['spec'] },
  finalize: { within: ['spec'], readPath: '' },
  approval: {
    within: ['status', 'conditions'],
    begin: ({ status, ...rest }) => ({
      ...rest,
      status: { ...(status as PlainObject), conditions: [approved] },
    }),
  },
  ephemeralcontainers: {
    within: ['spec', 'ephemeralContainers'],
    begin: shown => withSpec(shown, { ephemeralContainers: [ephemeral] }),
  },
  resize: {
    within: ['spec', 'containers'],
    begin: shown => {
      const { containers } = shown.spec as { containers: PlainObject[] }
      return withSpec(shown, { containers: containers.map(each => ({ ...each, resources })) })
    },
  },
}

const withSpec = ({ spec, ...rest }: PlainObject, more: PlainObject): PlainObject => ({
  ...rest,
  spec: { ...(spec as PlainObject), ...more },
})

export function partsOf(kind: AnyKind): readonly Part[] {
  const { status, scale, special: own = [] } = kind.subresources
  const names = own
    .filter(({ name, verbs }) => name in special && verbs.includes('update'))
    .map(({ name }) => name)
  const title = titleOf(kind)
  const begin = (shown: PlainObject) => shown
  const whole: Part = {
    title,
    kind,
    path: '',
    readPath: '',
    begin,
    within: [],
    written: ({ metadata: _, ...rest }) => JSON.stringify(rest),
  }
  const below = (name: string, { within, ...rest }: Special): Part => ({
    ...whole,
    title: `${title} ${name}`,
    path: `/${name}`,
    readPath: `/${name}`,
    within,
    written: body => JSON.stringify(at(body, within) ?? Object.keys(body)),
    ...rest,
  })
  return [
    whole,
    ...(status ? [below('status', { within: ['status'] })] : []),
    ...(scale ? ['scale', ...names] : names).map(name => below(name, special[name] as Special)),
  ]
}

/** All that may be put there instead of what is shown. */
export function* otherwise(part: Part, shown: PlainObject, isFirst: boolean): Generator<Spoiled> {
  const content = part.begin(shown)
  const { metadata, ...rest } = content
  yield { title: 'as it is', content }
  for (const name of Object.keys(rest)) {
    const { [name]: _, ...others } = content
    yield { title: `${name} removed`, content: others }
  }
  const { status, apiVersion, kind, ...own } = rest
  const [under, kept] = part.path === '' ? [own, { status }] : [rest, {}]
  for (const { title, content: put } of changed(under, part.within))
    yield { title, content: { apiVersion, kind, metadata, ...put, ...kept } }
  if (!isFirst) return
  for (const [title, change] of Object.entries({ ...metadataChanges(part.kind), ...headChanges }))
    yield { title, content: change(content) }
}

type Change = (content: PlainObject) => PlainObject

const headChanges: Readonly<Record<string, Change>> = {
  'kind = "Other"': content => ({ ...content, kind: 'Other' }),
  'apiVersion = "other/v1"': content => ({ ...content, apiVersion: 'other/v1' }),
  'metadata removed': ({ metadata: _, ...content }) => content,
  'unknown beside': content => ({ ...content, unknown: 1 }),
}

const owner = {
  apiVersion: 'v1',
  kind: 'Pod',
  name: 'owner',
  uid: '6c5d3b4e-0000-4000-8000-000000000001',
}
const managed = {
  manager: 'm',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-05-01T12:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
}
const time = '2026-05-01T12:00:00Z'

/** Values of the fields of metadata that both servers are given; undefined takes the field away. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  labels: [
    undefined,
    {},
    { told: 'here' },
    { 'not valid!': 'here' },
    { told: 'not valid!' },
    { told: 'a'.repeat(64), other: '' },
  ],
  annotations: [
    undefined,
    { told: 'here' },
    { 'not valid!': 'here' },
    { large: 'a'.repeat(262_145) },
  ],
  finalizers: [
    undefined,
    [],
    ['example.com/f'],
    ['f'],
    [''],
    ['not valid!'],
    ['kubernetes'],
    ['orphan', 'foregroundDeletion'],
    ['example.com/f', 'example.com/f'],
  ],
  ownerReferences: [
    [],
    [owner],
    [owner, owner],
    [{ ...owner, controller: true, blockOwnerDeletion: true }],
    [
      { ...owner, controller: true },
      { ...owner, name: 'other', controller: true },
    ],
    [{ ...owner, apiVersion: '' }],
    [{ ...owner, apiVersion: 'a/b/c' }],
    [{ ...owner, kind: '' }],
    [{ ...owner, kind: 'Event' }],
    [{ ...owner, name: '' }],
    [{ ...owner, uid: '' }],
    [{}],
  ],
  uid: [undefined, '', 'other', owner.uid],
  resourceVersion: [undefined, '', '0', '1', '-1', 'x'],
  name: [undefined, '', 'other', 'Not_Valid!'],
  namespace: [undefined, '', 'default', 'other'],
  generateName: ['', 'web-', 'Not_Valid!'],
  deletionTimestamp: [time, null, 'x'],
  deletionGracePeriodSeconds: [0, 5, -1],
  creationTimestamp: [undefined, null, time, 'x'],
  generation: [undefined, 0, 7, -1],
  selfLink: ['/x'],
  managedFields: [
    undefined,
    [],
    [{}],
    [managed],
    [managed, managed],
    [{ ...managed, operation: '' }],
    [{ ...managed, operation: 'Other' }],
    [{ ...managed, operation: 'Apply' }],
    [{ ...managed, manager: 'm'.repeat(200) }],
    [{ ...managed, manager: '' }],
    [{ ...managed, apiVersion: '' }],
    [{ ...managed, apiVersion: 'other/v1' }],
    [{ ...managed, time: undefined }],
    [{ ...managed, fieldsType: '' }],
    [{ ...managed, fieldsType: 'Other' }],
    [{ ...managed, fieldsV1: undefined }],
    [{ ...managed, fieldsV1: { 'x:a': {} } }],
    [{ ...managed, fieldsV1: { 'f:spec': { 'f:unknown': {} } } }],
    [{ ...managed, subresource: 'status' }],
    [{ ...managed, subresource: 's'.repeat(300) }],
  ],
  unknown: ['x'],
}

function metadataChanges(kind: AnyKind): Readonly<Record<string, Change>> {
  const changes: Record<string, Change> = {}
  for (const [name, values] of Object.entries(VALUES))
    for (const value of values) {
      const title = value === undefined ? 'removed' : `= ${JSON.stringify(value).slice(0, 180)}`
      changes[`metadata.${name} ${title}`] = ({ metadata, ...rest }) => ({
        ...rest,
        metadata: { ...(metadata as PlainObject), [name]: ownVersion(value, kind) },
      })
    }
  return changes
}

/** Owners of fields are told in the version of the kind itself. */
function ownVersion(value: unknown, kind: AnyKind): unknown {
  if (!Array.isArray(value)) return value
  return value.map(each =>
    each?.operation && each.apiVersion === managed.apiVersion
      ? { ...each, apiVersion: apiVersionOf(kind) }
      : each,
  )
}
