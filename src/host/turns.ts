/** Resolves when everything that was ready had `count` turns of the event loop, one after the other. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}
