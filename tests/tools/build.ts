/** `npm run build`: compiles `src` to `dist` for publishing. Node strips no types below node_modules, so the package ships JavaScript. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../tidy/sources.ts'

const dist = join(projectRoot, 'dist')
rmSync(dist, { recursive: true, force: true })
const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc')
const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: projectRoot,
  stdio: 'inherit',
})
if (result.status !== 0) process.exit(1)

// The doors between rooms lead to the compiled files there: the nearest package.json decides.
const { imports } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  imports: Record<string, string>
}
const compiled = Object.entries(imports).map(([door, target]) => [
  door,
  target.replace('./src/', './').replace(/\.ts$/, '.js'),
])
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify({ type: 'module', imports: Object.fromEntries(compiled) }, null, 2)}\n`,
)
