#!/usr/bin/env node
// Starts Proa on a Node that is new enough. Written in the JavaScript of old Nodes on purpose: it must at least be able to say
// which version is needed. In a checkout the sources run as they are, on the pinned `node` package where the machine's Node is too old;
// from the published package the compiled files run.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = [24, 12]
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'src', 'main.ts')
const main = existsSync(source) ? source : join(root, 'dist', 'main.js')
const isWindows = process.platform === 'win32'
const pinned = join(root, 'node_modules', 'node', 'bin', isWindows ? 'node.exe' : 'node')
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  // Stripped and compiled code is kept between starts: it halves the time to ready.
  const { enableCompileCache } = createRequire(import.meta.url)('node:module')
  const cache = cacheDirectory(process.env)
  if (cache) enableCompileCache(join(cache, 'compile-cache'))
  const { quickImports } = await import('./quick-imports.js')
  if (main === source) {
    const { sourcePack } = await import('./source-pack.js')
    const pack = cache && sourcePack(cache, root)
    if (pack) process.on('exit', pack.save)
    quickImports(root, pack?.sourceOf)
  } else quickImports(dirname(main))
  await import(pathToFileURL(main).href)
} else if (existsSync(pinned)) {
  const { spawn } = await import('node:child_process')
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    process.stderr.write(`proa: ${pinned} cannot be run: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) =>
    signal ? process.kill(process.pid, signal) : process.exit(code),
  )
} else {
  process.stderr.write(
    `proa: needs Node.js ${NEEDED.join('.')} or newer, this is ${process.versions.node}; install a current one from nodejs.org or with "npm install --global node"\n`,
  )
  process.exit(1)
}

/** As src/host/own-directories.ts says it, which is not loaded yet; undefined where nobody knows. */
function cacheDirectory({ XDG_CACHE_HOME: named, HOME: home, LOCALAPPDATA: local }) {
  if (named) return join(named, 'proa')
  if (isWindows) return local && join(local, 'proa', 'cache')
  return home && join(home, '.cache', 'proa')
}
