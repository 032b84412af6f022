/** `npm run build`: compiles `src` to `dist` for publishing. Node strips no types below node_modules, so the package ships JavaScript. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../tidy/sources.ts'

const dist = join(projectRoot, 'dist')
rmSync(dist, { recursive: true, force: true })
const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc')
// The dashboard's pages know a browser and no Node, so they are compiled by themselves.
const PAGES = 'src/dashboard/pages'
for (const project of ['tsconfig.build.json', `${PAGES}/tsconfig.build.json`]) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], {
    cwd: projectRoot,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(1)
}
for (const name of readdirSync(join(projectRoot, PAGES)))
  if (/\.(css|svg)$/.test(name))
    copyFileSync(join(projectRoot, PAGES, name), join(dist, 'dashboard/pages', name))

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
