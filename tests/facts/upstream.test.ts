/**
 * Holds the kinds and discovery against the bare facts of upstream's published API description for v1.36: names, numbers, types,
 * presence, list types and merge keys (`types.txt`), resources, scopes, verbs, short names and categories (`discovery.txt`), paths with
 * their operations, what these answer and with which codes (`operations.txt`).
 *
 * A line of `types.txt` is one field: name, presence (`?` pointer, `!` required, `+` always shown), protobuf number (`-` for none),
 * type, what apply and strategic merge need. `in N Type` says that protobuf nests the embedded fields of `type` under N.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import type { AnySchema, ObjectShape, Presence } from '#api/machinery/schema.ts'
import { type DiscoveredResource, discover } from '#apiserver/discovery/resources.ts'
import { openApiOf } from '#apiserver/openapi/openapi.ts'
import { version } from '#base/version.ts'

const factsIn = (file: string) =>
  readFileSync(join(import.meta.dirname, file), 'utf8')
    .trimEnd()
    .split('\n')

const shortName = (name: string) =>
  name.replace('io.k8s.apimachinery.pkg.apis.meta.v1', 'meta').replace('io.k8s.api.', '')

const lastPart = (name: string) => name.slice(name.lastIndexOf('.') + 1)

const MARKS: Readonly<Record<Presence, string>> = {
  omitempty: '',
  optional: '?',
  required: '!',
  always: '+',
}

function typeText(schema: AnySchema): string {
  if (schema.type === 'list') return `[]${typeText(schema.items)}`
  if (schema.type === 'map') return `map ${typeText(schema.values)}`
  if (schema.type === 'struct') return shortName(schema.shape.name)
  return schema.type + (schema.enum ? `(${[...schema.enum].sort().join('|')})` : '')
}

function mergeText(schema: AnySchema): string {
  const { listType, listKeys = [], atomic, patchStrategy, patchMergeKey } = schema
  const list = listType === 'map' ? ` map(${listKeys.toSorted().join(',')})` : ` ${listType ?? ''}`
  const key = patchMergeKey ? `:${patchMergeKey}` : ''
  const patch = patchStrategy ? ` patch(${[...patchStrategy].sort().join(',')}${key})` : ''
  return `${list.trimEnd()}${atomic ? ' atomic' : ''}${patch}`
}

/** The lines of a shape as `types.txt` has them. */
function linesOf({ name, fields, inlined = [] }: ObjectShape): string[] {
  const own = Object.entries(fields)
    .filter(([field]) => !('metadata' in fields && (field === 'apiVersion' || field === 'kind')))
    .map(([field, { schema }]) => {
      const number = schema.number ?? '-'
      return `  ${field}${MARKS[schema.presence]} ${number} ${typeText(schema)}${mergeText(schema)}`
    })
  const nested = inlined.map(part => `  in ${part.number} ${lastPart(part.shapeName)}`)
  return [shortName(name), ...own, ...nested]
}

function shapesOf(): ReadonlyMap<string, ObjectShape> {
  const found = new Map<string, ObjectShape>()
  const visit = (shape: ObjectShape) => {
    if (found.has(shape.name)) return
    found.set(shape.name, shape)
    for (const { schema } of Object.values(shape.fields)) {
      let inner = schema
      while (inner.type === 'list' || inner.type === 'map')
        inner = inner.type === 'list' ? inner.items : inner.values
      if (inner.type === 'struct') visit(inner.shape)
    }
  }
  for (const { shape } of kinds) visit(shape)
  return found
}

/** By type: its lines. */
function typesIn(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const types = new Map<string, string[]>()
  let current: string[] = []
  for (const line of lines) {
    if (!line.startsWith(' ')) {
      current = []
      types.set(line, current)
    }
    current.push(line)
  }
  return types
}

/** In which two sets of lines differ, whatever their order. */
function differences(ours: readonly string[], theirs: readonly string[]): string[] {
  return [
    ...theirs.filter(line => !ours.includes(line)).map(line => `upstream: ${line.trim()}`),
    ...ours.filter(line => !theirs.includes(line)).map(line => `here:     ${line.trim()}`),
  ]
}

test('every type has exactly the fields of upstream', () => {
  const upstream = typesIn(factsIn('types.txt'))
  const problems = [...shapesOf().values()].flatMap(shape => {
    const theirs = upstream.get(shortName(shape.name))
    if (!theirs) return [`${shape.name} is no type of upstream`]
    return differences(linesOf(shape), theirs).map(text => `${shortName(shape.name)} ${text}`)
  })
  assert.deepEqual(problems, [])
})

const gvk = ({ group, version, kind }: DiscoveredResource['speaks']) =>
  `${group ? `${group}/` : ''}${version} ${kind}`

function discoveredLines(): string[] {
  return discover(kinds).flatMap(({ group, version, resources }) => {
    const at = group ? `${group}/${version}` : version
    return resources.flatMap(resource => {
      const scope = resource.namespaced ? 'Namespaced' : 'Cluster'
      const names = resource.shortNames.length > 0 ? ` short=${resource.shortNames.join(',')}` : ''
      const within = resource.categories.length > 0 ? ` in=${resource.categories.join(',')}` : ''
      const row = (name: string, speaks: DiscoveredResource['speaks'], verbs: readonly string[]) =>
        `${at} ${name} ${scope} ${gvk(speaks)} ${verbs.toSorted().join(',')}`
      return [
        `${row(resource.name, resource.speaks, resource.verbs)}${names}${within}`,
        ...resource.subresources.map(sub =>
          row(`${resource.name}/${sub.name}`, sub.speaks, sub.verbs),
        ),
      ]
    })
  })
}

test('discovery has exactly the resources of upstream', () => {
  assert.deepEqual(differences(discoveredLines(), factsIn('discovery.txt')), [])
})

/** `path method=id:answer:codes …` of each path. */
function operationLines(): string[] {
  const { paths } = JSON.parse(new TextDecoder().decode(openApiOf(kinds, version).v2().bytes)) as {
    paths: Record<
      string,
      Record<string, { operationId: string; responses: Record<string, Answer> }>
    >
  }
  return Object.entries(paths).map(([path, item]) => {
    const operations = METHODS.flatMap(method => {
      const operation = item[method]
      if (!operation) return []
      const { operationId, responses } = operation
      const answer = lastPart(responses[200]?.schema?.$ref ?? 'text')
      const codes = Object.keys(responses).filter(code => code !== '401')
      return [`${method}=${operationId}:${answer}:${codes.join(',')}`]
    })
    return `${path} ${operations.join(' ')}`
  })
}
interface Answer {
  readonly schema?: { readonly $ref?: string }
}
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']

test('OpenAPI has exactly the operations of upstream, by the same names', () => {
  assert.deepEqual(differences(operationLines(), factsIn('operations.txt')), [])
})

test('the comparison sees a field, a number or a mark that differs', () => {
  const [name = '', field = ''] = ['core.v1.ConfigMap', '  data 2 map string']
  const theirs = typesIn(factsIn('types.txt')).get(name) ?? []
  assert.ok(theirs.includes(field))
  for (const planted of ['  data 3 map string', '  data? 2 map string', '  date 2 map string'])
    assert.equal(
      differences(
        theirs.map(line => (line === field ? planted : line)),
        theirs,
      ).length,
      2,
    )
})
