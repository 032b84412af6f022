/** Approves what kubelets ask for where they have the right to ask. */
import { subjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
} from '#api/certificates/v1/certificate-signing-request.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { nothingToDo } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { reconcile } from './certificatesigningrequest-approving.reconcile.ts'

export function certificateSigningRequestApprovingController(
  context: ControllerContext,
  serverNames: readonly string[] = [],
): Controller {
  const { client } = context
  const requests = context.informers.for(certificateSigningRequest)

  /** Asks the server, as whoever made the request. */
  const mayCreate = async ({ spec }: CertificateSigningRequest, subresource: string) => {
    const { username, uid, groups, extra } = spec
    const { status } = await client.create(subjectAccessReview, {
      metadata: {},
      spec: {
        user: username,
        uid,
        groups,
        extra,
        resourceAttributes: {
          group: certificateSigningRequest.group,
          resource: certificateSigningRequest.plural,
          verb: 'create',
          subresource,
        },
      },
    } as never)
    return status.allowed
  }

  return {
    name: 'certificatesigningrequest-approving-controller',
    workers: 5,
    views: [{ kind: certificateSigningRequest, informer: requests }],
    wake: queue => wakeSelf(queue, requests),
    reconcile(key) {
      const request = requests.get(key)
      return request
        ? reconcile(request, subresource => mayCreate(request, subresource), serverNames)
        : nothingToDo
    },
  }
}
