/** Admission's word on connecting to a pod. */

import { runValidations } from '../admission/admission.ts'
import type { Exchange } from '../exchange.ts'
import { AdmittedWrite } from './admitted-write.ts'
import type { StoredResource } from './registry.ts'
import { writeOf } from './write.ts'

export async function admitConnect(exchange: Exchange, resource: StoredResource): Promise<void> {
  const request = new AdmittedWrite(writeOf(exchange, resource), 'CONNECT', {})
  await runValidations(exchange.server.admission, request)
}
