/**
 * The messages of etcd's v3 API that we send and read, as tables of field numbers (etcd-io/etcd, api/etcdserverpb/rpc.proto and
 * api/mvccpb/kv.proto). Fields that we neither set nor look at are left out; whatever an etcd sends beside is skipped.
 */
import {
  boolean,
  bytes,
  integer,
  list,
  type Message,
  message,
  nested,
  string,
  type TypeOf,
} from '#base/protobuf.ts'

/** Comes with every answer: the revision of the store when it was made. */
const header = message({ revision: integer(3) })

export const keyValue = message({
  key: bytes(1),
  createRevision: integer(2),
  modRevision: integer(3),
  /** Counts the puts since the key was created: 1 for the first. */
  version: integer(4),
  value: bytes(5),
})
export type KeyValue = TypeOf<typeof keyValue>

const rangeRequest = message({
  key: bytes(1),
  /** Exclusive; a single zero byte means to the end of all keys. */
  rangeEnd: bytes(2),
  limit: integer(3),
  revision: integer(4),
  keysOnly: boolean(8),
  countOnly: boolean(9),
})
const rangeResponse = message({
  header: nested(1, header),
  kvs: list(2, keyValue),
  more: boolean(3),
  count: integer(4),
})
export type RangeResponse = TypeOf<typeof rangeResponse>

const putRequest = message({ key: bytes(1), value: bytes(2), lease: integer(3) })
const deleteRangeRequest = message({ key: bytes(1) })
const deleteRangeResponse = message({ deleted: integer(2) })

/** One of them is set. */
const requestOp = message({
  range: nested(1, rangeRequest),
  put: nested(2, putRequest),
  deleteRange: nested(3, deleteRangeRequest),
})
const responseOp = message({
  range: nested(1, rangeResponse),
  deleteRange: nested(3, deleteRangeResponse),
})

/** What of a key is compared, always for equality. */
export const compareTarget = { version: 0, modRevision: 2 } as const

/** A number of a `oneof`, which is sent also where it is 0. */
const chosenInteger = (number: number) => {
  const plain = integer(number)
  return {
    ...plain,
    write: ((out, value) => {
      if (value !== 0) plain.write(out, value)
      else {
        out.tag(number, 0)
        out.varint(0)
      }
    }) as typeof plain.write,
  }
}

const compare = message({
  target: integer(2),
  key: bytes(3),
  version: chosenInteger(4),
  modRevision: chosenInteger(6),
})
const txnRequest = message({
  compare: list(1, compare),
  success: list(2, requestOp),
  failure: list(3, requestOp),
})
export type TxnRequest = TypeOf<typeof txnRequest>
const txnResponse = message({
  header: nested(1, header),
  succeeded: boolean(2),
  responses: list(3, responseOp),
})
export type TxnResponse = TypeOf<typeof txnResponse>

const compactRequest = message({ revision: integer(1) })
const leaseGrantRequest = message({ ttlSeconds: integer(1), id: integer(2) })
const leaseGrantResponse = message({ id: integer(2), ttlSeconds: integer(3) })
const statusResponse = message({ header: nested(1, header), version: string(2) })
const nothing = message({})

export const watchRequest = message({
  create: nested(
    1,
    message({
      key: bytes(1),
      rangeEnd: bytes(2),
      startRevision: integer(3),
      previousKv: boolean(6),
      /** Large answers may come in parts, so that none is larger than a message may be. */
      fragment: boolean(8),
    }),
  ),
  progress: nested(3, nothing),
})
export type WatchRequest = TypeOf<typeof watchRequest>

/** `type` of an event: 0 for a put, 1 for a delete. */
export const DELETED = 1
const watchEvent = message({
  type: integer(1),
  kv: nested(2, keyValue),
  previousKv: nested(3, keyValue),
})
export type WatchEvent = TypeOf<typeof watchEvent>

export const watchResponse = message({
  header: nested(1, header),
  created: boolean(3),
  canceled: boolean(4),
  /** Above 0 where the watch began before this revision, up to which history is gone. */
  compactRevision: integer(5),
  cancelReason: string(6),
  /** More parts of the same answer follow. */
  fragment: boolean(7),
  events: list(11, watchEvent),
})
export type WatchResponse = TypeOf<typeof watchResponse>

/** One call: its path, and what goes to and fro. */
export interface Method<Request, Response> {
  readonly path: string
  readonly request: Message<Request>
  readonly response: Message<Response>
}

const method = <Request, Response>(
  path: string,
  request: Message<Request>,
  response: Message<Response>,
): Method<Request, Response> => ({ path: `/etcdserverpb.${path}`, request, response })

export const methods = {
  range: method('KV/Range', rangeRequest, rangeResponse),
  txn: method('KV/Txn', txnRequest, txnResponse),
  compact: method('KV/Compact', compactRequest, message({ header: nested(1, header) })),
  leaseGrant: method('Lease/LeaseGrant', leaseGrantRequest, leaseGrantResponse),
  status: method('Maintenance/Status', nothing, statusResponse),
} as const

export const WATCH_PATH = '/etcdserverpb.Watch/Watch'
