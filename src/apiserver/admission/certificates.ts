/** Who may approve, sign and attest is given by rights on signers, a resource that has no objects. */
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import type { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { forbidden } from '#api/machinery/field-error.ts'
import { invalid } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { requestInPem } from '#base/pki/certificate-request.ts'
import { SYSTEM_MASTERS, type UserInfo } from '../authentication/authenticator.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { isEqual } from '../resources/equal.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { concerns, refused } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const GROUP = 'certificates.k8s.io'
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'

type World = Pick<AdmissionWorld, 'authorizer'>

/** Whether the user may do this with what the signer signs; a right on `example.com/*` is one on all signers there. */
export async function mayActFor(
  authorizer: Authorizer,
  user: UserInfo,
  verb: string,
  signerName: string,
): Promise<boolean> {
  const attributes = {
    user,
    verb,
    group: GROUP,
    version: '*',
    resource: 'signers',
    subresource: '',
    namespace: '',
    path: '',
    isResourceRequest: true,
  }
  for (const name of [signerName, `${signerName.split('/')[0]}/*`]) {
    const { verdict } = await authorizer.authorize({ ...attributes, name })
    if (verdict === 'allow') return true
  }
  return false
}

function concernsRequests(request: AdmissionRequest, subresource: string): boolean {
  return (
    concerns(request, GROUP, 'certificatesigningrequests') && request.subresource === subresource
  )
}

export function certificateApproval({ authorizer }: World): AdmissionStep {
  return {
    name: 'CertificateApproval',
    resources: ['certificatesigningrequests.certificates.k8s.io'],
    isFor: request => request.operation === 'UPDATE' && concernsRequests(request, 'approval'),
    async validate(request) {
      // The stored signer counts, whatever the writer sends.
      const { signerName } = (request.oldObject as CertificateSigningRequest).spec
      if (await mayActFor(authorizer, request.user, 'approve', signerName)) return
      throw refused(
        request,
        `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`,
      )
    },
  }
}

export function certificateSigning({ authorizer }: World): AdmissionStep {
  return {
    name: 'CertificateSigning',
    resources: ['certificatesigningrequests.certificates.k8s.io'],
    isFor: request => request.operation === 'UPDATE' && concernsRequests(request, 'status'),
    async validate(request) {
      const before = request.oldObject as CertificateSigningRequest
      const { status } = request.object as CertificateSigningRequest
      const { certificate, conditions = [] } = before.status
      if (status.certificate === certificate && isEqual(status.conditions ?? [], conditions)) return
      const { signerName } = before.spec
      if (await mayActFor(authorizer, request.user, 'sign', signerName)) return
      throw refused(
        request,
        `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`,
      )
    },
  }
}

/** Not a plug-in upstream but part of its storage: who answers for a signer may do so. Always on. */
export function podCertificateSigning({ authorizer }: World): AdmissionStep {
  return {
    name: 'PodCertificateSigning',
    resources: ['podcertificaterequests.certificates.k8s.io'],
    isFor: request =>
      request.operation === 'UPDATE' &&
      request.subresource === 'status' &&
      concerns(request, GROUP, 'podcertificaterequests'),
    async validate(request) {
      const { spec, status } = request.oldObject as PodCertificateRequest
      if (isEqual((request.object as PodCertificateRequest).status, status)) return
      if (await mayActFor(authorizer, request.user, 'sign', spec.signerName)) return
      const [user, signer] = [request.user.name, spec.signerName].map(text => JSON.stringify(text))
      throw invalid(request.kind, request.name, [
        forbidden(
          'spec.signerName',
          `User ${user} is not permitted to "sign" for signer ${signer}`,
        ),
      ])
    },
  }
}

/** Nobody becomes an administrator beyond all rules by a certificate of the cluster's own signer. */
export const certificateSubjectRestriction: AdmissionStep = {
  name: 'CertificateSubjectRestriction',
  resources: ['certificatesigningrequests.certificates.k8s.io'],
  validate(request) {
    if (request.operation !== 'CREATE' || !concernsRequests(request, '')) return
    const { spec } = request.object as CertificateSigningRequest
    if (spec.signerName !== CLIENT_SIGNER) return
    if (organizationsIn(request, spec.request).includes(SYSTEM_MASTERS))
      throw refused(
        request,
        `use of ${CLIENT_SIGNER} signer with ${SYSTEM_MASTERS} group is not allowed`,
      )
  },
}

function organizationsIn(request: AdmissionRequest, encoded: string): readonly string[] {
  try {
    return requestInPem(Buffer.from(encoded, 'base64').toString('latin1')).subject.organizations
  } catch (thrown) {
    throw refused(request, `failed to parse CSR: ${messageOf(thrown)}`)
  }
}

/** What a signer's name stands for, only those may say who may attest for it. */
export function clusterTrustBundleAttest({ authorizer }: World): AdmissionStep {
  return {
    name: 'ClusterTrustBundleAttest',
    resources: ['clustertrustbundles.certificates.k8s.io'],
    isFor: request =>
      (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
      request.subresource === '' &&
      concerns(request, GROUP, 'clustertrustbundles'),
    async validate(request) {
      const { object, oldObject, user } = request
      const { spec } = object as ClusterTrustBundle
      if (isEqual(spec, (oldObject as ClusterTrustBundle | undefined)?.spec)) return
      const { signerName } = spec
      if (!signerName || (await mayActFor(authorizer, user, 'attest', signerName))) return
      throw refused(
        request,
        `user not permitted to attest for signerName ${JSON.stringify(signerName)}`,
      )
    },
  }
}
