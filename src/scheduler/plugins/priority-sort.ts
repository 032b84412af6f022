import type { Plugin } from '../framework/plugin.ts'

/** The more important pod is tried first, among equals the one that waits longer. */
export function prioritySort(): Plugin {
  return {
    name: 'PrioritySort',
    compare: (a, b) => b.info.priority - a.info.priority || a.sinceMs - b.sinceMs,
  }
}
