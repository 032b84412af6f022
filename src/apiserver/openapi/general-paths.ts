/** The paths that belong to no kind: discovery, the version, and what is known of the issuer of tokens. */
import {
  apiGroupKind,
  apiGroupListKind,
  apiResourceListKind,
  apiVersionsKind,
} from '#api/machinery/discovery-kinds.ts'
import { type MetaKind, versionInfoKind } from '#api/machinery/meta-kinds.ts'
import { groupName, groupVersionName, tagOf } from './operations.ts'
import type { Format, Json, Schemas } from './schemas.ts'

interface General {
  readonly id: string
  readonly tag: string
  readonly description: string
  /** What it answers, or undefined for a text of its own. */
  readonly answer: MetaKind | undefined
  readonly types: readonly string[]
}

const OBJECTS = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const RESOURCES = [...OBJECTS, 'application/cbor']

/** Adds the one operation of a path such as `apis/apps/v1`, if it has one. */
export function addGeneralPaths(into: Json, path: string, schemas: Schemas, format: Format): void {
  const general = generalOf(path)
  if (!general) return
  const { id, tag, description, answer, types } = general
  const schema = answer ? schemas.meta(answer) : { type: 'string' }
  // Within the list of groups it is the same as where it is answered by itself.
  if (answer === apiGroupListKind) schemas.meta(apiGroupKind)
  const content =
    format === 'v2'
      ? { schema }
      : { content: Object.fromEntries(types.map(type => [type, { schema }])) }
  into[`/${path}/`] = {
    get: {
      description,
      operationId: id,
      tags: [tag],
      ...(format === 'v2'
        ? { ...(answer ? { consumes: types } : {}), produces: types, schemes: ['https'] }
        : {}),
      responses: { 200: { description: 'OK', ...content }, 401: { description: 'Unauthorized' } },
    },
  }
}

function generalOf(path: string): General | undefined {
  const [prefix = '', ...rest] = path.split('/')
  const known = FIXED[path]
  if (known) return known
  if (prefix === 'api') return resources('', rest[0] ?? '')
  if (prefix !== 'apis') return undefined
  const [group = '', version] = rest
  if (version !== undefined) return resources(group, version)
  return {
    id: `get${groupName(group)}APIGroup`,
    tag: tagOf({ group, version: '' }),
    description: 'Tells the versions of the group.',
    answer: apiGroupKind,
    types: OBJECTS,
  }
}

function resources(group: string, version: string): General {
  return {
    id: `get${groupVersionName({ group, version })}APIResources`,
    tag: tagOf({ group, version }),
    description: 'Tells the resources of this version.',
    answer: apiResourceListKind,
    types: RESOURCES,
  }
}

const FIXED: Readonly<Record<string, General>> = {
  api: {
    id: 'getCoreAPIVersions',
    tag: 'core',
    description: 'Tells the versions of the core group.',
    answer: apiVersionsKind,
    types: OBJECTS,
  },
  apis: {
    id: 'getAPIVersions',
    tag: 'apis',
    description: 'Tells all other groups.',
    answer: apiGroupListKind,
    types: OBJECTS,
  },
  version: {
    id: 'getCodeVersion',
    tag: 'version',
    description: 'Tells the version of the server.',
    answer: versionInfoKind,
    types: ['application/json'],
  },
  '.well-known/openid-configuration': {
    id: 'getServiceAccountIssuerOpenIDConfiguration',
    tag: 'WellKnown',
    description: 'Tells where the keys of the issuer of service account tokens are.',
    answer: undefined,
    types: ['application/json'],
  },
  'openid/v1/jwks': {
    id: 'getServiceAccountIssuerOpenIDKeyset',
    tag: 'openid',
    description: 'Tells the keys by which service account tokens can be checked.',
    answer: undefined,
    types: ['application/jwk-set+json'],
  },
}
