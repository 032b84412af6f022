/** Nobody makes an object go with another one who may not delete it, nor keeps an owner from going who may not say when that one is done. */
import type { KubernetesObject, OwnerReference } from '#api/machinery/metadata.ts'
import type { Attributes, Decision } from '../../authorization/authorizer.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { concerns, refused } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'

type World = Pick<AdmissionWorld, 'authorizer' | 'resourceOf'>

export const ownerReferencesPermissionEnforcement = (world: World): AdmissionStep => ({
  name: 'OwnerReferencesPermissionEnforcement',
  isFor: request =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    // Kubelets write those, and change no owners by it.
    !(concerns(request, '', 'pods') && request.subresource === 'status') &&
    isChanged(ownersOf(request.object), ownersOf(request.oldObject)),
  async validate(request) {
    // Whoever makes an object may say from the start with which other one it goes.
    if (request.operation === 'UPDATE') await checkDeletion(request, world)
    for (const owner of newlyBlocked(request)) await checkFinalizers(request, owner, world)
  },
})

async function checkDeletion(request: AdmissionRequest, { authorizer }: World): Promise<void> {
  const decision = await authorizer.authorize(asking(request, { verb: 'delete' }))
  if (decision.verdict !== 'allow')
    throw refused(
      request,
      `cannot set an ownerRef on a resource you can't delete: ${told(decision)}`,
    )
}

/** Whoever says when an object is done may also keep it until then. */
async function checkFinalizers(
  request: AdmissionRequest,
  { apiVersion, kind, name }: OwnerReference,
  { authorizer, resourceOf }: World,
): Promise<void> {
  const found = resourceOf(apiVersion, kind)
  if (!found)
    throw refused(
      request,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind "${kind}" in version "${apiVersion}"`,
    )
  const { isNamespaced, ...resource } = found
  const decision = await authorizer.authorize(
    asking(request, {
      verb: 'update',
      ...resource,
      subresource: 'finalizers',
      namespace: isNamespaced ? request.namespace : '',
      name,
    }),
  )
  if (decision.verdict !== 'allow')
    throw refused(
      request,
      `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${told(decision)}`,
    )
}

function asking(request: AdmissionRequest, changed: Partial<Attributes>): Attributes {
  const { user, resource, subresource, namespace, name } = request
  return {
    user,
    verb: '',
    ...resource,
    subresource,
    namespace,
    name,
    path: '',
    isResourceRequest: true,
    ...changed,
  }
}

/** As Go prints a reason and an error that may be missing. */
const told = ({ reason, error }: Decision) => `${reason}, ${error ?? '<nil>'}`

const ownersOf = (object: KubernetesObject | undefined): readonly OwnerReference[] =>
  object?.metadata?.ownerReferences ?? []

function isChanged(now: readonly OwnerReference[], before: readonly OwnerReference[]): boolean {
  if (now.length !== before.length) return true
  return now.some((each, at) => !isSame(each, before[at]))
}

function isSame(one: OwnerReference, other: OwnerReference | undefined): boolean {
  return (
    other !== undefined &&
    one.apiVersion === other.apiVersion &&
    one.kind === other.kind &&
    one.name === other.name &&
    one.uid === other.uid &&
    one.controller === other.controller &&
    one.blockOwnerDeletion === other.blockOwnerDeletion
  )
}

/** Owners that this write is the first to keep. */
function newlyBlocked({ object, oldObject }: AdmissionRequest): readonly OwnerReference[] {
  const before = new Set(
    ownersOf(oldObject)
      .filter(each => each.blockOwnerDeletion)
      .map(({ uid }) => uid),
  )
  return ownersOf(object).filter(each => each.blockOwnerDeletion && !before.has(each.uid))
}
