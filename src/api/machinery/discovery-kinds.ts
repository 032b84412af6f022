/** The shapes of discovery: what the API says of its groups, versions and resources to those who ask in the older way. */
import type { MetaKind } from './meta-kinds.ts'
import { typeMeta } from './metadata.ts'
import { boolean, list, shape, string, struct } from './schema.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'

export const groupVersionForDiscovery = shape(
  `${META}.GroupVersionForDiscovery`,
  'One version of a group.',
  {
    groupVersion: string(1).required().doc('Group and version, as apiVersion names them.'),
    version: string(2).required().doc('The version alone.'),
  },
)

export const serverAddressByClientCIDR = shape(
  `${META}.ServerAddressByClientCIDR`,
  'Where clients of one network find the server.',
  {
    clientCIDR: string(1).required().doc('The addresses of these clients.'),
    serverAddress: string(2).required().doc('Host and port of the server, as they reach it.'),
  },
)

export const apiGroup = shape(`${META}.APIGroup`, 'A group of resources, with its versions.', {
  ...typeMeta,
  name: string(1).required().doc('Name of the group.'),
  versions: list(2, groupVersionForDiscovery)
    .required()
    .atomic()
    .doc('The versions that are served.'),
  preferredVersion: struct(3, groupVersionForDiscovery)
    .always()
    .doc('The version to use where nothing else decides.'),
  serverAddressByClientCIDRs: list(4, serverAddressByClientCIDR)
    .atomic()
    .doc('Where clients find the server, by their network.'),
})

export const apiGroupList = shape(`${META}.APIGroupList`, 'All groups but the core one.', {
  ...typeMeta,
  groups: list(1, apiGroup).required().atomic().doc('The groups.'),
})

export const apiResource = shape(`${META}.APIResource`, 'A resource, and what can be done to it.', {
  name: string(1).required().doc('The plural in paths, with a slash before a subresource.'),
  singularName: string(6).required().doc('The singular, for people.'),
  namespaced: boolean(2).required().doc('Whether its objects live in namespaces.'),
  group: string(8).doc('The group of its kind, where that is another than the list’s.'),
  version: string(9).doc('The version of its kind, where that is another than the list’s.'),
  kind: string(3).required().doc('The kind of its objects.'),
  verbs: list(4, string()).required().doc('What can be done: get, list, watch, create and so on.'),
  shortNames: list(5, string()).atomic().doc('What people may type instead of the name.'),
  categories: list(7, string())
    .atomic()
    .doc('Names that stand for several resources, such as all.'),
  storageVersionHash: string(10).doc('Changes with the version in which objects are stored.'),
})

export const apiResourceList = shape(
  `${META}.APIResourceList`,
  'The resources of one group and version.',
  {
    ...typeMeta,
    groupVersion: string(1).required().doc('The group and version.'),
    resources: list(2, apiResource).required().atomic().doc('The resources and subresources.'),
  },
)

export const apiVersions = shape(`${META}.APIVersions`, 'The versions of the core group.', {
  ...typeMeta,
  versions: list(1, string()).required().atomic().doc('The versions that are served.'),
  serverAddressByClientCIDRs: list(2, serverAddressByClientCIDR)
    .required()
    .atomic()
    .doc('Where clients find the server, by their network.'),
})

const kindOf = (kind: string, of: MetaKind['shape']): MetaKind => ({
  group: '',
  version: 'v1',
  kind,
  shape: of,
})

export const apiGroupKind = kindOf('APIGroup', apiGroup)
export const apiGroupListKind = kindOf('APIGroupList', apiGroupList)
export const apiResourceListKind = kindOf('APIResourceList', apiResourceList)
export const apiVersionsKind = kindOf('APIVersions', apiVersions)
