/** Access to devices that others use is for namespaces that an administrator has marked. Not a plug-in upstream, so always on. */
import type { Namespace } from '#api/core/v1/namespace.ts'
import { type FieldError, forbidden } from '#api/machinery/field-error.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { invalid } from '#api/machinery/status.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { concerns } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const GROUP = 'resource.k8s.io'
const LABEL = 'resource.kubernetes.io/admin-access'

export function deviceAdminAccess(world: Pick<AdmissionWorld, 'namespace'>): AdmissionStep {
  return {
    name: 'DeviceAdminAccess',
    isFor: ({ resource }) => resource.group === GROUP,
    async validate(request) {
      const path = asked(request)
      if (path === undefined) return
      const namespace = await world.namespace(request.namespace)
      if (isMarked(namespace)) return
      throw invalid(request.kind, request.name, [refusal(path)])
    },
  }
}

const isMarked = (namespace: Namespace | undefined) =>
  namespace?.metadata.labels?.[LABEL] === 'true'

const refusal = (path: string): FieldError =>
  forbidden(
    path,
    `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`,
  )

/** Where the request asks for the access, if it does. */
function asked(request: AdmissionRequest): string | undefined {
  const { operation, object, oldObject, subresource } = request
  if (!object) return undefined
  if (concerns(request, GROUP, 'resourceclaims') && subresource === 'status')
    return givenIn(oldObject) ? undefined : givenIn(object)
  // Specs never change, so only the first write is looked at.
  if (operation !== 'CREATE') return undefined
  if (concerns(request, GROUP, 'resourceclaims')) return wantedIn((object as ResourceClaim).spec)
  if (concerns(request, GROUP, 'resourceclaimtemplates'))
    return wantedIn((object as ResourceClaimTemplate).spec.spec)
  return undefined
}

function wantedIn({ devices }: ResourceClaim['spec']): string | undefined {
  const index = devices.requests.findIndex(({ exactly }) => exactly?.adminAccess)
  return index < 0 ? undefined : `spec.devices.requests[${index}].adminAccess`
}

function givenIn(object: KubernetesObject | undefined): string | undefined {
  const results = (object as ResourceClaim | undefined)?.status.allocation?.devices.results ?? []
  const index = results.findIndex(({ adminAccess }) => adminAccess)
  return index < 0 ? undefined : `status.allocation.devices.results[${index}].adminAccess`
}
