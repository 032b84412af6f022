/**
 * Which operations a kind offers on which paths, as plain facts. Names follow upstream's pattern, because programs that are made from the
 * document call their functions by them: `listCoreV1NamespacedPod`, `replaceAppsV1NamespacedDeploymentScale`.
 */
import type { AnyKind, SpecialSubresource, Verb } from '#api/machinery/kind.ts'
import { customOperations } from './custom-operations.ts'
import {
  DELETE,
  DELETE_COLLECTION,
  LIST,
  PATCH,
  type Parameter,
  STREAMING,
  WRITE,
} from './parameters.ts'

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** What a body or an answer is: an object of the kind, a list of it, or one of the API's own. */
export type Content = 'kind' | 'list' | 'scale' | 'special' | 'status' | 'event' | 'text'

export interface Operation {
  readonly path: string
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch' | 'head' | 'options'
  readonly id: string
  /** `x-kubernetes-action` */
  readonly action: string
  readonly speaks: GroupVersionKind
  readonly parameters: readonly Parameter[]
  readonly body?: 'kind' | 'scale' | 'special' | 'deleteOptions' | 'patch' | undefined
  readonly answer: Content
  /** The codes of success. */
  readonly codes: readonly number[]
  /** Watches stream, connections carry anything. */
  readonly carries: 'objects' | 'events' | 'text' | 'anything'
}

const SCALE: GroupVersionKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

/** Every operation of a kind, its subresources included. */
export function operationsOf(kind: AnyKind): Operation[] {
  const base = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const isNamespaced = kind.scope === 'Namespaced'
  const described: Described = {
    kind,
    base,
    within: isNamespaced ? `${base}/namespaces/{namespace}` : base,
    name: `${isNamespaced ? 'Namespaced' : ''}${kind.kind}`,
    groupVersion: groupVersionName(kind),
    speaks: { group: kind.group, version: kind.version, kind: kind.kind },
    verbs: kind.verbs,
  }
  const operations = [...ordinary(described), ...watches(described), ...subresources(described)]
  return kind.custom ? customOperations(kind, operations) : operations
}

interface Described {
  readonly kind: AnyKind
  readonly base: string
  /** The base with the namespace's part, where the kind has one. */
  readonly within: string
  readonly name: string
  readonly groupVersion: string
  readonly speaks: GroupVersionKind
  readonly verbs: readonly Verb[]
}

type GroupVersion = Pick<AnyKind, 'group' | 'version'>

/** `Core`, `Apps`, `RbacAuthorization`. */
export const groupName = (group: string): string => capital(camel(shortGroup(group)))

/** `CoreV1`, `AppsV1`, `RbacAuthorizationV1`. */
export function groupVersionName({ group, version }: GroupVersion): string {
  return groupName(group) + capital(version)
}

/** `core_v1`, `rbacAuthorization_v1`; the group alone where there is no version. */
export function tagOf({ group, version }: GroupVersion): string {
  const name = camel(shortGroup(group))
  return version === '' ? name : `${name}_${version}`
}

const shortGroup = (group: string) => (group === '' ? 'core' : group.replace(/\.k8s\.io$/, ''))
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
const camel = (dotted: string) =>
  dotted
    .split(/[.-]/)
    .map((word, at) => (at === 0 ? word : capital(word)))
    .join('')

function ordinary({ kind, base, within, name, groupVersion, speaks, verbs }: Described) {
  const collection = `${within}/${kind.plural}`
  const item = `${collection}/{name}`
  const objects = { speaks, carries: 'objects' } as const
  const deleted = kind.returnsDeleted ? 'kind' : 'status'
  const offered: Readonly<Record<Verb, readonly Operation[]>> = {
    list: [
      ...(kind.scope === 'Namespaced'
        ? [
            {
              ...listing(`${base}/${kind.plural}`, speaks),
              id: `list${groupVersion}${kind.kind}ForAllNamespaces`,
            },
          ]
        : []),
      { ...listing(collection, speaks), id: `list${groupVersion}${name}` },
    ],
    create: [
      {
        ...objects,
        path: collection,
        method: 'post',
        action: 'post',
        id: `create${groupVersion}${name}`,
        parameters: WRITE,
        body: 'kind',
        answer: 'kind',
        codes: [200, 201, 202],
      },
    ],
    deletecollection: [
      {
        ...objects,
        path: collection,
        method: 'delete',
        action: 'deletecollection',
        id: `delete${groupVersion}Collection${name}`,
        parameters: DELETE_COLLECTION,
        body: 'deleteOptions',
        answer: 'status',
        codes: [200],
      },
    ],
    delete: [
      {
        ...objects,
        path: item,
        method: 'delete',
        action: 'delete',
        id: `delete${groupVersion}${name}`,
        parameters: DELETE,
        body: 'deleteOptions',
        answer: deleted,
        codes: [200, 202],
      },
    ],
    ...readsAndWrites(item, `${groupVersion}${name}`, { speaks, content: 'kind' }),
    watch: [],
  }
  return verbs.flatMap(verb => offered[verb])
}

function listing(path: string, speaks: GroupVersionKind) {
  return {
    path,
    speaks,
    method: 'get',
    action: 'list',
    parameters: LIST,
    answer: 'list',
    codes: [200],
    carries: 'events',
  } as const
}

/** get, update and patch of an object or of one of its subresources. */
function readsAndWrites(
  path: string,
  name: string,
  { speaks, content }: { speaks: GroupVersionKind; content: 'kind' | 'scale' | 'special' },
): Readonly<Record<'get' | 'update' | 'patch', Operation[]>> {
  const common = { path, speaks, answer: content, carries: 'objects' } as const
  return {
    get: [
      { ...common, method: 'get', action: 'get', id: `read${name}`, parameters: [], codes: [200] },
    ],
    update: [
      {
        ...common,
        method: 'put',
        action: 'put',
        id: `replace${name}`,
        parameters: WRITE,
        body: content,
        codes: [200, 201],
      },
    ],
    patch: [
      {
        ...common,
        method: 'patch',
        action: 'patch',
        id: `patch${name}`,
        parameters: PATCH,
        body: 'patch',
        codes: [200, 201],
      },
    ],
  }
}

/** The old paths of watches, which nobody should use any more and some still do. */
function watches({ kind, base, name, groupVersion, speaks, verbs }: Described): Operation[] {
  if (!verbs.includes('watch')) return []
  const within = kind.scope === 'Namespaced' ? '/namespaces/{namespace}' : ''
  const common = {
    method: 'get',
    speaks,
    parameters: LIST,
    answer: 'event',
    codes: [200],
    carries: 'events',
  } as const
  const list = { ...common, action: 'watchlist' }
  const collection = `${base}/watch${within}/${kind.plural}`
  return [
    ...(within
      ? [
          {
            ...list,
            path: `${base}/watch/${kind.plural}`,
            id: `watch${groupVersion}${kind.kind}ListForAllNamespaces`,
          },
        ]
      : []),
    { ...list, path: collection, id: `watch${groupVersion}${name}List` },
    { ...common, action: 'watch', path: `${collection}/{name}`, id: `watch${groupVersion}${name}` },
  ]
}

function subresources(described: Described): Operation[] {
  const { kind, within, name, groupVersion, speaks } = described
  const { status, scale, special = [] } = kind.subresources
  const at = (sub: string) => `${within}/${kind.plural}/{name}/${sub}`
  const all = (sub: string, content: 'kind' | 'scale', spoken: GroupVersionKind) =>
    Object.values(
      readsAndWrites(at(sub), `${groupVersion}${name}${capital(sub)}`, {
        speaks: spoken,
        content,
      }),
    ).flat()
  return [
    ...(status ? all('status', 'kind', speaks) : []),
    ...(scale ? all('scale', 'scale', SCALE) : []),
    ...special.flatMap(sub => specialOperations(described, sub, at(sub.name))),
  ]
}

function specialOperations(
  { kind, name, groupVersion }: Described,
  sub: SpecialSubresource,
  path: string,
): Operation[] {
  const speaks = { group: sub.group, version: sub.version, kind: sub.kind }
  const title = `${name}${capital(sub.name)}`
  if (sub.kind.endsWith('Options')) return connects(path, speaks, { groupVersion, title, sub })
  const isOwn = sub.kind === kind.kind && sub.group === kind.group
  const content = isOwn ? 'kind' : 'special'
  const { get, update, patch } = readsAndWrites(path, groupVersion + title, { speaks, content })
  const offered: Partial<Record<Verb, Operation[]>> = {
    get: sub.name === 'log' ? get.map(asLog) : get,
    update,
    patch,
    create: [
      {
        path,
        speaks,
        method: 'post',
        action: 'post',
        id: `create${groupVersion}${title}`,
        parameters: WRITE,
        body: content,
        answer: content,
        codes: [200, 201, 202],
        carries: 'objects',
      },
    ],
  }
  return sub.verbs.flatMap(verb => offered[verb] ?? [])
}

const asLog = (operation: Operation): Operation => ({
  ...operation,
  parameters: STREAMING.log ?? [],
  answer: 'text',
  carries: 'text',
})

const METHODS: Partial<Record<Verb, readonly Operation['method'][]>> = {
  get: ['get'],
  create: ['post'],
  update: ['put'],
  patch: ['patch'],
  delete: ['delete'],
}

/** exec, attach, portforward and proxy: the connection is somebody else's. */
function connects(
  path: string,
  speaks: GroupVersionKind,
  of: { groupVersion: string; title: string; sub: SpecialSubresource },
): Operation[] {
  const { groupVersion, title, sub } = of
  const isProxy = sub.name === 'proxy'
  const methods = [
    ...sub.verbs.flatMap(verb => METHODS[verb] ?? []),
    ...(isProxy ? (['head', 'options'] as const) : []),
  ]
  const operation = (method: Operation['method'], at: string, suffix: string): Operation => ({
    path: at,
    method,
    speaks,
    action: 'connect',
    id: `connect${groupVersion}${capital(method)}${title}${suffix}`,
    parameters: STREAMING[sub.name] ?? [],
    answer: 'text',
    codes: [200],
    carries: 'anything',
  })
  return methods.flatMap(method => [
    operation(method, path, ''),
    ...(isProxy ? [operation(method, `${path}/{path}`, 'WithPath')] : []),
  ])
}
