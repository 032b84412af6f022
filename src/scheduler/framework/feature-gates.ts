/** Feature gates that are on unless a configuration turns them off; all others are off. */
const onByDefault: ReadonlySet<string> = new Set([
  // Evicts beside the placing of other pods, so that a slow deletion holds nobody up.
  'SchedulerAsyncPreemption',
])

export function isGateOn(gates: ReadonlyMap<string, boolean>, name: string): boolean {
  return gates.get(name) ?? onByDefault.has(name)
}
