/** A Service with external addresses draws traffic of others to itself: none may be added, those that are there stay. */
import type { Service } from '#api/core/v1/service.ts'
import type { AdmissionStep } from '../admission.ts'
import { concerns, refused } from '../requests.ts'

export const denyServiceExternalIPs: AdmissionStep = {
  name: 'DenyServiceExternalIPs',
  resources: ['services'],
  validate(request) {
    const { object, oldObject, subresource } = request
    if (!object || subresource !== '' || !concerns(request, '', 'services')) return
    const of = (service: unknown) => (service as Service | undefined)?.spec?.externalIPs ?? []
    const known = new Set(of(oldObject))
    if (of(object).some(address => !known.has(address)))
      throw refused(request, 'Use of external IPs is denied by admission control')
  },
}
