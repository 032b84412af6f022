/**
 * For whom a node may ask for tokens of a pod: what a volume of the pod says, or the driver of one, and no other. A stolen node could have tokens
 * that others believe, of each account that runs there.
 */
import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { AdmissionRequest } from './admission.ts'
import { refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

export type AudienceWorld = Pick<AdmissionWorld, 'authorizer' | 'volumeBehind' | 'csiDriver'>

/** Rejects with a refusal. '' is the audience of the API server itself. */
export async function checkAudience(
  request: AdmissionRequest,
  { spec }: TokenRequest,
  pod: Pod,
  world: AudienceWorld,
): Promise<void> {
  const [audience = '', ...more] = spec.audiences ?? []
  if (more.length > 0) throw refused(request, 'node may only request 0 or 1 audiences')
  if (namesAudience(pod, audience, world)) return
  if (await mayAskFor(audience, request, world)) return
  throw refused(request, `audience ${JSON.stringify(audience)} not found in pod spec volume`)
}

function namesAudience(pod: Pod, audience: string, world: AudienceWorld): boolean {
  const { name = '', namespace = '' } = pod.metadata
  const driverBehind = (claim: string) => {
    const { csi, claimRef } = world.volumeBehind?.(namespace, claim)?.spec ?? {}
    return claimRef?.name === claim && claimRef.namespace === namespace ? csi?.driver : undefined
  }
  return (pod.spec.volumes ?? []).some(volume => {
    const { projected, csi, persistentVolumeClaim, ephemeral } = volume
    if (
      projected?.sources?.some(
        ({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience,
      )
    )
      return true
    const driver =
      csi?.driver ??
      (persistentVolumeClaim ? driverBehind(persistentVolumeClaim.claimName) : undefined) ??
      (ephemeral ? driverBehind(`${name}-${volume.name}`) : undefined)
    const { tokenRequests = [] } = (driver ? world.csiDriver?.(driver) : undefined)?.spec ?? {}
    return tokenRequests.some(each => each.audience === audience)
  })
}

/** Such as for credential providers of images, whose audiences are in no pod: a role says it. */
async function mayAskFor(
  audience: string,
  { user, namespace, name }: { user: UserInfo; namespace: string; name: string },
  { authorizer }: AudienceWorld,
): Promise<boolean> {
  const { verdict } = await authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    version: '',
    resource: audience,
    subresource: '',
    namespace,
    name,
    path: '',
    isResourceRequest: true,
  })
  return verdict === 'allow'
}
