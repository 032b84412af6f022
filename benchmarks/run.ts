/** `npm run bench -- NAME`: one benchmark, one question. Each file here exports `run()`. */
import { readdirSync } from 'node:fs'
import { UserError } from '#base/errors.ts'

const name = process.argv[2] ?? ''
const known = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.ts') && file !== 'run.ts')
  .map(file => file.slice(0, -3))
if (!known.includes(name)) {
  process.stderr.write(`npm run bench -- NAME, where NAME is one of: ${known.join(', ')}\n`)
  process.exit(1)
}
const benchmark = (await import(`./${name}.ts`)) as {
  run: (words: readonly string[]) => Promise<void>
  /** The options that it has; none where it says nothing. */
  flags?: readonly string[]
}
const words = process.argv.slice(3)
try {
  refuseUnknown(benchmark.flags ?? [])
  await benchmark.run(words)
} catch (error) {
  if (!isUsersMistake(error)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

function refuseUnknown(flags: readonly string[]): void {
  const isUnknown = (word: string) =>
    word.startsWith('-') && !flags.includes(word.split('=')[0] ?? '')
  const unknown = words.find(isUnknown)
  if (unknown === undefined) return
  const there = flags.length > 0 ? `it has ${flags.join(', ')}` : 'it has no options'
  throw new UserError(`npm run bench -- ${name} has no option ${unknown}; ${there}`)
}

/** What is wrong with the words is said in a sentence; all else is a fault of the benchmark and keeps its stack. */
function isUsersMistake(error: unknown): error is Error {
  const { code } = error as { code?: unknown }
  return error instanceof UserError || String(code).startsWith('ERR_PARSE_ARGS_')
}
