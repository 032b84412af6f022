import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProtobufError } from '#base/protobuf.ts'
import { containerConfig, containerStatusResponse, sandboxConfig } from './messages.ts'

test('broken bytes are a ProtobufError, never anything else', () => {
  const shapes = [sandboxConfig, containerConfig, containerStatusResponse]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...shapes), (noise, shape) => {
      try {
        shape.decode(noise)
      } catch (error) {
        assert.ok(error instanceof ProtobufError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})
