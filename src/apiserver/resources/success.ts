import type { Status } from '#api/machinery/status.ts'

/** What subresources without an object of their own answer. */
export const SUCCESS: Status = Object.freeze({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
})
