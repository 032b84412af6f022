import type { Plugin } from '../framework/plugin.ts'
import { refusal } from '../framework/status.ts'

const NAME = 'DynamicResources'
const NOTHING_TO_FREE = refusal(NAME, 'no new claims to deallocate')

/** Devices that pods claim. */
export function dynamicResources(): Plugin {
  return { name: NAME, postFilter: () => ({ status: NOTHING_TO_FREE }) }
}
