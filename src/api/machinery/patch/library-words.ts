/** Why a JSON patch does not apply, in the words of upstream's library, which webhooks and policies hear. */

import { messageOf } from '#base/errors.ts'
import { isPlainObject } from '../plain.ts'
import { RejectedPatch } from './json-patch.ts'

export function libraryWords(thrown: unknown, operations: readonly unknown[]): string {
  if (!(thrown instanceof RejectedPatch)) return messageOf(thrown)
  const operation = operations[thrown.index]
  const { op, path, from } = isPlainObject(operation) ? operation : {}
  const texts = { op: textOf(op, 'unknown'), path: textOf(path), from: textOf(from) }
  return wordsFor(thrown, texts) ?? messageOf(thrown)
}

const textOf = (value: unknown, other = '') => (typeof value === 'string' ? value : other)

function wordsFor(
  { fault }: RejectedPatch,
  { op, path, from }: Readonly<Record<'op' | 'path' | 'from', string>>,
): string | undefined {
  switch (fault) {
    case 'op':
      return `Unexpected kind: ${op}`
    case 'path':
      return `${op} operation failed to decode path: missing value`
    case 'from':
      return `${op} operation failed to decode from: operation, missing from field: missing value`
    case 'item':
      return `error in ${op} for path: '${path}': Unable to access invalid index: ${lastOf(path)}: invalid index referenced`
    case 'test':
      return `testing value ${path} failed: test failed`
    case 'below':
      return missing(op, path, from)
    case 'nothing':
      return unremovable(op, op === 'move' ? from : path)
    case 'whole':
      return op === 'replace'
        ? 'replace operation value must be object or array: %!w(<nil>)'
        : missing(op, path, from)
    default:
      return undefined
  }
}

function missing(op: string, path: string, from: string): string {
  const isQuoted = op === 'add' || op === 'remove'
  const where =
    op === 'move' || op === 'copy'
      ? `from path: ${from}`
      : `path: ${isQuoted ? JSON.stringify(path) : path}`
  return `${op} operation does not apply: doc is missing ${where}: missing value`
}

/** Of what is moved upstream tells the last part only. */
function unremovable(op: string, path: string): string {
  const key = lastOf(path)
  return `error in ${op} for path: '${op === 'move' ? key : path}': Unable to remove nonexistent key: ${key}: missing value`
}

const lastOf = (path: string) => path.split('/').at(-1) ?? ''
