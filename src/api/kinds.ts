/** Every built-in kind, in the order of discovery: core first, then the groups as upstream ranks them. */
import { configMap } from './core/v1/config-map.ts'
import type { AnyKind } from './machinery/kind.ts'

export const kinds: readonly AnyKind[] = [configMap]
