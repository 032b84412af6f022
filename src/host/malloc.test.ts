import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { isGlibc, NOT_GLIBC } from './testing/glibc.ts'

/** A hundred megabytes in pieces of a kilobyte, of which one in a thousand stays: malloc by itself keeps what lies before the last of them. */
const LOAD = `
  import { boundMalloc } from '${import.meta.dirname}/malloc.ts'
  const malloc = process.argv[1] === 'bound' ? boundMalloc() : { trim() {} }
  const all = Array.from({ length: 100_000 }, () => Buffer.allocUnsafeSlow(1000))
  const kept = all.filter((_, at) => (at + 1) % 1000 === 0)
  all.length = 0
  gc()
  // The memory of dead buffers is freed behind the collection, by another thread; the next one waits for it.
  gc()
  malloc.trim()
  console.log(process.memoryUsage.rss(), kept.length)
`

function residentAfterLoad(...words: string[]): number {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-e', LOAD, ...words],
    { encoding: 'utf8' },
  )
  assert.equal(stderr, '', 'nobody hears that calling the C library is experimental')
  return Number.parseInt(stdout, 10)
}

test('what a load leaves in the C library is handed back', {
  skip: isGlibc() ? false : NOT_GLIBC,
}, () => {
  const [free, bound] = [residentAfterLoad(), residentAfterLoad('bound')]
  assert.ok(bound < free - 50_000_000, `${bound} bytes, and ${free} where malloc is left alone`)
})

test('where Node may not call the C library, everything stays as it is', () => {
  const script = `
    import { boundMalloc } from '${import.meta.dirname}/malloc.ts'
    boundMalloc().trim()
    console.log('goes on')
  `
  for (const flags of [['--no-experimental-ffi'], ['--permission', '--allow-fs-read=*']]) {
    const words = [...flags, '--input-type=module', '-e', script]
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
    assert.equal(stdout, 'goes on\n', stderr)
  }
})
