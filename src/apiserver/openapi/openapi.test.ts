import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { Reader } from '#api/machinery/protobuf-wire.ts'
import { version } from '#base/version.ts'
import { aggregatedDiscovery, wantsAggregated } from '../discovery/aggregated.ts'
import { apiGroup, apiGroupList, apiResourceList } from '../discovery/legacy.ts'
import { discover } from '../discovery/resources.ts'
import { openApiOf } from './openapi.ts'

type Tree = { [name: string]: Tree } & { [name: string]: unknown }
const openApi = openApiOf(kinds, version)
const parse = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes)) as Tree

test('every reference leads somewhere, every field says something', () => {
  const paths = Object.keys((openApi.index() as { paths: object }).paths)
  assert.ok(paths.includes('api/v1') && paths.includes('apis/apps/v1'))
  for (const [prefix, document] of [
    ...paths.map(path => ['#/components/schemas/', openApi.document(path)] as const),
    ['#/definitions/', openApi.v2()] as const,
  ]) {
    const tree = parse(document?.bytes)
    const named = (tree.components?.schemas ?? tree.definitions ?? {}) as Tree
    for (const [, name = ''] of JSON.stringify(tree).matchAll(/"\$ref":"([^"]+)"/g)) {
      if (name.startsWith('#/parameters/')) continue
      assert.ok(name.startsWith(prefix))
      assert.ok(Object.hasOwn(named, name.slice(prefix.length)), name)
    }
    for (const [name, schema] of Object.entries(named))
      for (const [field, described] of Object.entries(schema.properties ?? {}))
        assert.ok((described as Tree).description, `${name}.${field} has no doc`)
  }
})

test('kinds are marked, patches accept field validation', () => {
  const apps = parse(openApi.document('apis/apps/v1')?.bytes)
  assert.deepEqual(
    apps.components?.schemas?.['io.k8s.api.apps.v1.Deployment']?.[
      'x-kubernetes-group-version-kind'
    ],
    [{ group: 'apps', kind: 'Deployment', version: 'v1' }],
  )
  const item = apps.paths?.[
    '/apis/apps/v1/namespaces/{namespace}/deployments/{name}'
  ] as unknown as { patch: { parameters: { name: string }[] } }
  assert.ok(item.patch.parameters.some(({ name }) => name === 'fieldValidation'))
  assert.equal(openApi.document('apis/none/v1'), undefined)
})

test('what all operations of a path can be told stands beside them, in the order of names', () => {
  const core = parse(openApi.document('api/v1')?.bytes)
  const namesAt = (path: string, method?: string) => {
    const item = core.paths?.[path] as Tree
    const { parameters } = (method ? item[method] : item) as unknown as {
      parameters?: { name: string }[]
    }
    return parameters?.map(({ name }) => name)
  }
  const pod = '/api/v1/namespaces/{namespace}/pods/{name}'
  assert.deepEqual(namesAt(pod), ['name', 'namespace', 'pretty'])
  assert.equal(namesAt(pod, 'get'), undefined)
  assert.deepEqual(namesAt(`${pod}/portforward`), ['name', 'namespace', 'ports'])
  const all = namesAt('/api/v1/pods') ?? []
  assert.ok(all.includes('watch') && all.includes('pretty'))
  assert.deepEqual(all, all.toSorted())
  assert.equal(namesAt('/api/v1/pods', 'get'), undefined)
})

test('version 3 says what stands where nobody said anything, version 2 has no defaults at all', () => {
  const schemas = parse(openApi.document('apis/apps/v1')?.bytes).components?.schemas as Tree
  const propertiesOf = (name: string) => schemas[name]?.properties as Tree
  const deployment = propertiesOf('io.k8s.api.apps.v1.Deployment')
  assert.deepEqual(deployment.spec?.default, {})
  assert.ok(!('default' in (deployment.kind ?? {})))
  const container = propertiesOf('io.k8s.api.core.v1.Container')
  assert.equal(container.name?.default, '')
  assert.ok(!('default' in (container.image ?? {})))
  assert.equal(container.command?.items?.default, '')
  assert.ok(container.ports?.items?.allOf)
  const { definitions } = parse(openApi.v2().bytes)
  const container2 = (definitions as Tree)['io.k8s.api.core.v1.Container']?.properties as Tree
  assert.doesNotMatch(JSON.stringify(container2), /"default":/)
})

test('a type that is owned as a whole says so itself, and free forms have names', () => {
  const { definitions } = parse(openApi.v2().bytes) as { definitions: Tree }
  const selector = definitions['io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector']
  assert.equal(selector?.['x-kubernetes-map-type'], 'atomic')
  const spec = definitions['io.k8s.api.apps.v1.DeploymentSpec']?.properties as Tree
  assert.ok(!('x-kubernetes-map-type' in (spec.selector ?? {})))
  const revision = definitions['io.k8s.api.apps.v1.ControllerRevision']?.properties as Tree
  assert.equal(revision.data?.$ref, '#/definitions/io.k8s.apimachinery.pkg.runtime.RawExtension')
})

test('defaults are told where upstream tells them, and not where it fills them in by code', () => {
  const propertiesIn = (path: string, name: string) =>
    parse(openApi.document(path)?.bytes).components?.schemas?.[name]?.properties as Tree
  const policies = propertiesIn('apis/batch/v1', 'io.k8s.api.batch.v1.CronJobSpec')
  assert.ok(!('default' in (policies.concurrencyPolicy ?? {})))
  const queues = propertiesIn(
    'apis/flowcontrol.apiserver.k8s.io/v1',
    'io.k8s.api.flowcontrol.v1.QueuingConfiguration',
  )
  assert.equal(queues.queues?.default, 0, 'what Go shows where nobody set it')
  const groups = propertiesIn(
    'apis/scheduling.k8s.io/v1alpha2',
    'io.k8s.api.scheduling.v1alpha2.PodGroupSpec',
  )
  assert.equal(groups.disruptionMode?.default, 'Pod')
  const deployments = propertiesIn('apis/apps/v1', 'io.k8s.api.apps.v1.DeploymentSpec')
  assert.ok(!('default' in (deployments.selector ?? {})), 'a pointer, and yet required')
})

test('types tell of unions, items of their values, and some fields that they are not whole', () => {
  const { definitions } = parse(openApi.v2().bytes) as { definitions: Tree }
  const typeOf = (name: string) => definitions[`io.k8s.api.${name}`] as Tree
  assert.deepEqual(typeOf('flowcontrol.v1.Subject')['x-kubernetes-unions'], [
    {
      discriminator: 'kind',
      'fields-to-discriminateBy': {
        user: 'User',
        group: 'Group',
        serviceAccount: 'ServiceAccount',
      },
    },
  ])
  assert.deepEqual(typeOf('scheduling.v1alpha2.PodGroupTemplateReference')['x-kubernetes-unions'], [
    { 'fields-to-discriminateBy': { workload: 'Workload' } },
  ])
  const propertyOf = (name: string, field: string) => typeOf(name).properties?.[field] as Tree
  assert.deepEqual(propertyOf('networking.v1.NetworkPolicySpec', 'policyTypes').items?.enum, [
    'Egress',
    'Ingress',
  ])
  const statuses = propertyOf('core.v1.PersistentVolumeClaimStatus', 'allocatedResourceStatuses')
  assert.equal(statuses['x-kubernetes-map-type'], 'granular')
  assert.ok(Array.isArray(statuses.additionalProperties?.enum))
  assert.equal(typeOf('core.v1.ObjectReference')['x-kubernetes-map-type'], 'atomic')
  const claim = propertyOf('core.v1.PersistentVolumeSpec', 'claimRef')
  assert.equal(claim['x-kubernetes-map-type'], 'granular')
})

test('a kind within another is marked in documents of other groups, too', () => {
  const schemas = parse(openApi.document('apis/apps/v1')?.bytes).components?.schemas
  assert.deepEqual(
    schemas?.['io.k8s.api.core.v1.PersistentVolumeClaim']?.['x-kubernetes-group-version-kind'],
    [{ group: '', kind: 'PersistentVolumeClaim', version: 'v1' }],
  )
})

test('version 2 describes parameters once, and all that is referred to', () => {
  const { parameters, paths } = parse(openApi.v2().bytes) as { parameters: Tree; paths: Tree }
  const names = [...JSON.stringify(paths).matchAll(/"#\/parameters\/([^"]+)"/g)].map(
    ([, name = '']) => name,
  )
  assert.deepEqual([...new Set(names)].sort(), Object.keys(parameters))
  for (const [name, parameter] of Object.entries(parameters))
    assert.match(name, new RegExp(`^${parameter.name}-[\\w-]{8}$`))
  const operation = paths['/api/v1/namespaces/{namespace}/pods/{name}']?.patch as Tree
  const shown = (operation.parameters as unknown as Tree[]).map(each => each.$ref ?? each.name)
  assert.match(shown.join(), /^#\/parameters\/body-.{8},dryRun,#\/parameters\/fieldManager-/)
})

test('operations have names of their own', () => {
  const ids = [
    ...JSON.stringify(parse(openApi.v2().bytes)).matchAll(/"operationId":"([^"]+)"/g),
  ].map(([, id]) => id)
  assert.equal(new Set(ids).size, ids.length)
})

test('both forms of discovery tell the same resources', () => {
  const versions = discover(kinds)
  const apps = versions.find(({ group }) => group === 'apps')
  assert.ok(apps)
  const rows = (apiResourceList(apps) as { resources: { name: string; group?: string }[] })
    .resources
  assert.ok(rows.some(({ name }) => name === 'deployments/scale'))
  assert.equal(rows.find(({ name }) => name === 'deployments/scale')?.group, 'autoscaling')
  const aggregated = aggregatedDiscovery(versions) as {
    items: {
      metadata: { name?: string }
      versions: { resources: { resource: string; subresources?: object[] }[] }[]
    }[]
  }
  const count = aggregated.items
    .find(item => item.metadata.name === 'apps')
    ?.versions[0]?.resources.reduce(
      (sum, resource) => sum + 1 + (resource.subresources?.length ?? 0),
      0,
    )
  assert.equal(count, rows.length)
  assert.ok(
    (apiGroupList(['', 'apps'], versions) as { groups: { name: string }[] }).groups.every(
      ({ name }) => name !== '',
    ),
  )
  assert.equal(apiGroup('none', versions), undefined)
})

test('the aggregated form is given to those who ask for it alone', () => {
  assert.ok(
    wantsAggregated(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
    ),
  )
  assert.ok(!wantsAggregated('application/json'))
  assert.ok(
    !wantsAggregated('application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'),
  )
})

test('version 2 is also a protobuf message with the same definitions and paths', () => {
  const json = parse(openApi.v2().bytes)
  const top = fieldsOf(openApi.v2Protobuf().bytes)
  assert.deepEqual(
    top.map(([number]) => number),
    [1, 2, 8, 9, 10, 13, 12],
  )
  const entries = (number: number) =>
    fieldsOf(top.find(([its]) => its === number)?.[1]).map(([, entry]) => {
      const [[, name] = [], [, value] = []] = fieldsOf(entry)
      return [Buffer.from(name ?? []).toString(), value] as const
    })
  const definitions = new Map(entries(9))
  assert.deepEqual([...definitions.keys()], Object.keys(json.definitions ?? {}))
  assert.deepEqual(
    entries(8).map(([path]) => path),
    Object.keys(json.paths ?? {}),
  )
  const schema = fieldsOf(definitions.get('io.k8s.api.core.v1.ConfigMap'))
  const textOf = (number: number) =>
    Buffer.from(schema.find(([its]) => its === number)?.[1] ?? []).toString()
  assert.match(textOf(4), /\w+/, 'a description')
  assert.match(textOf(22), /object$/, 'a type')
  assert.match(textOf(31), /x-kubernetes-group-version-kind.*"kind":"ConfigMap"/s)
})

test('version 3 is a protobuf message, too, by numbers of its own', () => {
  const json = parse(openApi.document('apis/apps/v1')?.bytes)
  const top = fieldsOf(openApi.documentProtobuf('apis/apps/v1')?.bytes)
  assert.deepEqual(
    top.map(([number]) => number),
    [1, 2, 4, 5],
  )
  const fieldOf = (bytes: Uint8Array | undefined, number: number) =>
    fieldsOf(bytes).find(([its]) => its === number)?.[1]
  const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
  const named = (bytes: Uint8Array | undefined) =>
    new Map(
      fieldsOf(bytes).map(([, entry]) => [textOf(fieldOf(entry, 1)), fieldOf(entry, 2)] as const),
    )
  const schemas = named(fieldOf(top[3]?.[1], 1))
  assert.deepEqual([...schemas.keys()], Object.keys(json.components?.schemas ?? {}))
  assert.deepEqual([...named(top[2]?.[1]).keys()], Object.keys(json.paths ?? {}))
  const spec = fieldOf(schemas.get('io.k8s.api.apps.v1.DeploymentSpec'), 1)
  const template = fieldOf(named(fieldOf(spec, 31)).get('template'), 1)
  assert.equal(
    textOf(fieldOf(fieldOf(fieldOf(template, 26), 2), 1)),
    '#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec',
  )
  assert.equal(openApi.documentProtobuf('apis/none/v1'), undefined)
})

/** The fields of a message in order; none of ours but flags is anything else than bytes. */
function fieldsOf(bytes: Uint8Array = new Uint8Array()): [number, Uint8Array][] {
  const reader = new Reader(bytes)
  const found: [number, Uint8Array][] = []
  while (!reader.done) {
    const tag = reader.int()
    if (tag % 8 === 2) found.push([Math.floor(tag / 8), reader.bytes()])
    else reader.skip(tag % 8)
  }
  return found
}
