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
}
try {
  await benchmark.run(process.argv.slice(3))
} catch (error) {
  if (!(error instanceof UserError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}
