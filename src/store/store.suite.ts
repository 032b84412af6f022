import { describe } from 'node:test'
import { commitTests } from './testing/commit.suite.ts'
import { lifeTests } from './testing/life.suite.ts'
import type { OpenStore } from './testing/open.ts'
import { readTests } from './testing/read.suite.ts'
import { watchTests } from './testing/watch.suite.ts'

/** The promises of store.ts as tests that every engine passes. */
export function storeSuite(name: string, open: OpenStore): void {
  describe(`${name}: commits`, () => commitTests(open))
  describe(`${name}: reads`, () => readTests(open))
  describe(`${name}: watches`, () => watchTests(open))
  describe(`${name}: lives`, () => lifeTests(open))
}
