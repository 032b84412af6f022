/** Admission's word on connecting to a pod. */

import { runValidations } from '../admission/admission.ts'
import type { Exchange } from '../exchange.ts'
import type { StoredResource } from './registry.ts'
import { admissionRequest, writeOf } from './write.ts'

export async function admitConnect(exchange: Exchange, resource: StoredResource): Promise<void> {
  const request = admissionRequest(writeOf(exchange, resource), 'CONNECT', {})
  await runValidations(exchange.server.admission, request)
}
