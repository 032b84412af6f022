/** What Node 22 lacks of what Proa uses: the newest that Wine starts. */
const promises = Promise as unknown as Record<string, unknown>
promises.try ??= (work: (...words: unknown[]) => unknown, ...words: unknown[]) =>
  new Promise(resolve => resolve(work(...words)))
const expressions = RegExp as unknown as Record<string, unknown>
expressions.escape ??= (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
