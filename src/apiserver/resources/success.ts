import type { Status } from '#api/machinery/status.ts'

/** What subresources without an object of their own answer to a create. */
export const SUCCESS: Status = Object.freeze({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
})
