/** The OpenAPI documents, made when they are first asked for: most clients never do, and start-up must not pay for them. */
import { createHash } from 'node:crypto'
import type { AnyKind } from '#api/machinery/kind.ts'
import { encodeOpenApi } from './openapi-protobuf.ts'
import { addPaths } from './paths.ts'
import { type Json, Schemas } from './schemas.ts'

export interface OpenApi {
  /** `/openapi/v3`: where the document of each group and version is. */
  index(): object
  /** `/openapi/v3/apis/apps/v1`; `path` is `apis/apps/v1`. Undefined where nothing of that name is served. */
  document(path: string): Document | undefined
  /** `/openapi/v2` */
  v2(): Document
  /** The same as a protobuf message. */
  v2Protobuf(): Document
}

export interface Document {
  readonly bytes: Uint8Array
  /** Changes with the content; also the ETag. */
  readonly hash: string
}

export function openApiOf(kinds: readonly AnyKind[], version: string): OpenApi {
  const byPath = Map.groupBy(kinds, pathOf)
  const made = new Map<string, Document>()
  const remembered = (key: string, make: () => Json, encode = toJson): Document => {
    const known = made.get(key)
    if (known) return known
    const bytes = encode(make())
    const document = { bytes, hash: hashOf(bytes) }
    made.set(key, document)
    return document
  }
  const document = (path: string) => {
    const its = byPath.get(path)
    return its && remembered(path, () => documentV3(its, version))
  }
  return {
    document,
    v2: () => remembered('v2', () => documentV2(kinds, version)),
    v2Protobuf: () => remembered('v2 protobuf', () => documentV2(kinds, version), encodeOpenApi),
    index: () => ({
      paths: Object.fromEntries(
        [...byPath].map(([path, its]) => [
          path,
          { serverRelativeURL: `/openapi/v3/${path}?hash=${quickHash(its, version)}` },
        ]),
      ),
    }),
  }
}

const toJson = (document: Json): Uint8Array => new TextEncoder().encode(JSON.stringify(document))

function pathOf(kind: AnyKind): string {
  return kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`
}

function documentV3(kinds: readonly AnyKind[], version: string): Json {
  const schemas = new Schemas('v3')
  const paths: Json = {}
  for (const kind of kinds) addPaths(paths, kind, schemas, 'v3')
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths,
    components: { schemas: schemas.named },
  }
}

function documentV2(kinds: readonly AnyKind[], version: string): Json {
  const schemas = new Schemas('v2')
  const paths: Json = {}
  for (const kind of kinds) addPaths(paths, kind, schemas, 'v2')
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths,
    definitions: schemas.named,
  }
}

/** The index must not make every document only to name it: what they show follows from the version and the kinds. */
function quickHash(kinds: readonly AnyKind[], version: string): string {
  return hashOf(
    new TextEncoder().encode(
      JSON.stringify([
        version,
        kinds.map(({ kind, shape, verbs }) => [
          kind,
          Object.keys(shape.fields),
          verbs,
          shape.openApi?.('v3', () => ({})),
        ]),
      ]),
    ),
  )
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').toUpperCase()
}
