/** AlwaysAdmit looks at nothing, AlwaysDeny refuses everything; both are for tests, and old. */
import type { AdmissionStep } from '../admission.ts'
import { refused } from '../requests.ts'

export const alwaysAdmit: AdmissionStep = { name: 'AlwaysAdmit' }

export const alwaysDeny: AdmissionStep = {
  name: 'AlwaysDeny',
  validate(request) {
    throw refused(request, 'admission control is denying all modifications')
  },
}
