/** The OpenAPI documents, made when they are first asked for: most clients never do, and start-up must not pay for them. */
import { createHash } from 'node:crypto'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { VersionInfo } from '../endpoints/version.ts'
import { addGeneralPaths } from './general-paths.ts'
import { encodeOpenApi } from './openapi-protobuf.ts'
import { encodeOpenApiV3 } from './openapi-protobuf-v3.ts'
import { addPaths } from './paths.ts'
import { type GroupVersion, type Json, Schemas } from './schemas.ts'
import { SharedParameters } from './shared-parameters.ts'

export interface OpenApi {
  /** `/openapi/v3`: where the document of each group and version is. */
  index(): { readonly paths: Record<string, unknown> }
  /** `/openapi/v3/apis/apps/v1`; `path` is `apis/apps/v1`. Undefined where nothing of that name is served. */
  document(path: string): Document | undefined
  /** The same as a protobuf message. */
  documentProtobuf(path: string): Document | undefined
  /** By which hash the index names the document. */
  hashOf(path: string): string
  /** `/openapi/v2` */
  v2(): Document
  /** The same as a protobuf message. */
  v2Protobuf(): Document
}

/** Of the API it is `major.minor`, of the server `gitVersion`, whose documents another one may word otherwise. */
type Version = Pick<VersionInfo, 'major' | 'minor' | 'gitVersion'>

export interface Document {
  readonly bytes: Uint8Array
  /** Changes with the content; also the ETag. */
  readonly hash: string
}

export function openApiOf(kinds: readonly AnyKind[], version: Version): OpenApi {
  const byPath = Map.groupBy(kinds, pathOf)
  const made = new Map<string, Document>()
  const remembered = (key: string, make: () => Json, encode = toJson): Document => {
    const known = made.get(key)
    if (known) return known
    const bytes = encode(make())
    const document = { bytes, hash: hashOfBytes(bytes) }
    made.set(key, document)
    return document
  }
  const served: Served = { all: kinds, version }
  const general = generalPaths(kinds)
  const makerOf = (path: string) =>
    general.includes(path) ? () => documentV3(path, byPath.get(path) ?? [], served) : undefined
  const hashOf = (path: string) => quickHash(byPath.get(path) ?? [], version.gitVersion)
  return {
    hashOf,
    document: path => {
      const make = makerOf(path)
      return make && remembered(path, make)
    },
    documentProtobuf: path => {
      const make = makerOf(path)
      return make && remembered(`${path} protobuf`, make, encodeOpenApiV3)
    },
    v2: () => remembered('v2', () => documentV2(served)),
    v2Protobuf: () => remembered('v2 protobuf', () => documentV2(served), encodeOpenApi),
    index: () => ({
      paths: Object.fromEntries(
        general.map(path => [
          path,
          { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(path)}` },
        ]),
      ),
    }),
  }
}

export const toJson = (document: Json): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(document))

function pathOf(kind: AnyKind): string {
  return kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`
}

function documentV3(path: string, kinds: readonly AnyKind[], { all, version }: Served): Json {
  const isCustom = isAllCustom(kinds)
  const versions = versionsOf(isCustom ? all : [...all.filter(isCore), ...kinds])
  const schemas = new Schemas('v3', versions, all)
  const paths: Json = {}
  if (!isCustom) addGeneralPaths(paths, path, schemas, 'v3')
  for (const kind of kinds) addPaths(paths, kind, { schemas, format: 'v3' })
  return {
    openapi: '3.0.0',
    info: isCustom ? CUSTOM_INFO : infoOf(version),
    paths,
    components: {
      ...(Object.keys(schemas.named).length > 0 ? { schemas: schemas.named } : {}),
      ...(isCustom ? {} : { securitySchemes: SECURITY }),
    },
  }
}

const infoOf = ({ major, minor }: Version) => ({
  title: 'Kubernetes',
  version: `${major}.${minor}`,
})
/** As upstream calls documents of custom resources, whatever its own version. */
const CUSTOM_INFO = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }

/** What serves custom resources alone is described by them alone: nothing tells of the paths beside theirs. */
const isAllCustom = (kinds: readonly AnyKind[]) =>
  kinds.length > 0 && kinds.every(({ custom }) => custom)

function documentV2({ all, version }: Served): Json {
  const schemas = new Schemas('v2', versionsOf(all), all)
  const paths: Json = {}
  for (const path of generalPaths(all.filter(({ custom }) => !custom)))
    addGeneralPaths(paths, path, schemas, 'v2')
  const parameters = new SharedParameters()
  for (const kind of all) addPaths(paths, kind, { schemas, format: 'v2', parameters })
  return {
    swagger: '2.0',
    info: infoOf(version),
    paths,
    definitions: schemas.named,
    parameters: parameters.named,
    securityDefinitions: SECURITY,
    security: [{ BearerToken: [] }],
  }
}

const SECURITY = {
  BearerToken: {
    description: 'A bearer token in the header Authorization.',
    type: 'apiKey',
    name: 'authorization',
    in: 'header',
  },
}

/** All kinds, and what the server calls itself. */
interface Served {
  readonly all: readonly AnyKind[]
  readonly version: Version
}

function versionsOf(kinds: readonly AnyKind[]): GroupVersion[] {
  const builtIn = kinds.filter(({ custom }) => !custom)
  const versions = [...new Map(builtIn.map(kind => [pathOf(kind), kind])).values()]
  return versions.sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))
}

const isCore = ({ group }: AnyKind) => group === ''

/** Paths that belong to no kind, each with a document of its own: `api`, `apis/apps`, `version` … */
function generalPaths(kinds: readonly AnyKind[]): string[] {
  const groups = kinds
    .filter(({ group, custom }) => group !== '' && !custom)
    .map(({ group }) => `apis/${group}`)
  return [...new Set(['api', 'apis', ...groups, ...kinds.map(pathOf), ...OTHERS])]
}
const OTHERS = ['version', '.well-known/openid-configuration', 'openid/v1/jwks']

/** The index must not make every document only to name it: what they show follows from the version and the kinds. */
function quickHash(kinds: readonly AnyKind[], version: string): string {
  return hashOfBytes(
    new TextEncoder().encode(
      JSON.stringify([
        version,
        kinds.map(({ kind, shape, verbs, custom }) => [
          kind,
          custom ? [] : Object.keys(shape.fields),
          verbs,
          custom?.revision,
        ]),
      ]),
    ),
  )
}

export function hashOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').toUpperCase()
}
