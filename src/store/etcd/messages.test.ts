import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommitFailedError, StoreUnavailableError } from '../store.ts'
import { commitError, EtcdError, grpcCode, readError } from './errors.ts'
import { compareTarget, methods } from './messages.ts'

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')
const bytes = (value: string) => new TextEncoder().encode(value)

test('a comparison with nothing says so on the wire', () => {
  const request = methods.txn.request.encode({
    compare: [{ target: compareTarget.modRevision, key: bytes('a'), modRevision: 0 }],
    success: [{ put: { key: bytes('a'), value: bytes('b') } }],
    failure: [{ range: { key: bytes('a') } }],
  })
  // compare { target MOD, key "a", mod_revision 0 }, success { put { key, value } }, failure { range { key } }
  assert.equal(hex(request), '0a0710021a01613000120812060a0161120162' + '1a050a030a0161')
})

const refusals: [number, string, CommitFailedError['failure'], boolean][] = [
  [grpcCode.invalidArgument, 'etcdserver: request is too large', 'TooLarge', false],
  [
    grpcCode.resourceExhausted,
    'grpc: received message larger than max (2097180 vs. 2097152)',
    'TooLarge',
    false,
  ],
  [grpcCode.resourceExhausted, 'etcdserver: mvcc: database space exceeded', 'NoSpace', false],
  [grpcCode.unavailable, 'etcdserver: no leader', 'Unavailable', true],
  [grpcCode.unavailable, 'No connection established. Last error: x', 'Unavailable', false],
  [grpcCode.deadlineExceeded, 'Deadline exceeded after 10.0s', 'Unavailable', true],
  [grpcCode.invalidArgument, 'etcdserver: duplicate key given in txn request', 'Unknown', false],
]

for (const [code, message, failure, isUncertain] of refusals)
  test(`a commit fails with: ${message}`, () => {
    const error = commitError(new EtcdError(code, message))
    assert.ok(error instanceof CommitFailedError)
    assert.equal(error.failure, failure)
    assert.equal(/may have been made or not/.test(error.message), isUncertain)
    assert.ok(error.message.includes(message))
    assert.ok(readError(new EtcdError(code, message)) instanceof StoreUnavailableError)
  })

test('a bug stays a bug', () => {
  const bug = new TypeError('planted')
  assert.equal(commitError(bug), bug)
  assert.equal(readError(bug), bug)
})
