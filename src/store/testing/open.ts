import type { TestContext } from 'node:test'
import type { Store } from '../store.ts'

/** Opens an empty store; what it needs is cleaned up when the test ends. */
export type OpenStore = (context: TestContext) => Promise<Store>
