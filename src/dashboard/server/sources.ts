/**
 * The files of the pages as a browser loads them: the modules that can be reached from the first one, and no others. In a checkout they are the
 * sources, whose types are taken away here; in the published package they are compiled. Nothing is bundled, so that stack traces and
 * breakpoints are in the files that people read.
 */
import { stripTypeScriptTypes } from 'node:module'
import { posix } from 'node:path'

/** Reads files by URL. */
export type ReadFile = (url: URL) => Uint8Array

export interface Asset {
  readonly type: string
  readonly bytes: Uint8Array
}

export interface Sources {
  /** Where the first module is, from the root of the server. */
  readonly entry: string
  /** By path from the root of the server. */
  readonly assets: ReadonlyMap<string, Asset>
  /** What the names in our imports mean, for the browser. */
  readonly imports: Readonly<Record<string, string>>
}

/** Everything is served below it. */
export const ROOT = '/ui/'
const STYLES = ['style.css', 'parts.css']
const IMPORT = /^\s*(?:import|export)\s+(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm
const encoder = new TextEncoder()

export interface SourcesOptions {
  readonly read: ReadFile
  /** The folder that holds all rooms. */
  readonly rooms: URL
  /** `ts` or `js`. */
  readonly ending: string
  /** Where an npm package's module is. */
  readonly resolve: (name: string) => string
}

/** Reads all of them; takes some 100 ms where types are to be taken away. */
export function readSources({ read, rooms, ending, resolve }: SourcesOptions): Sources {
  const assets = new Map<string, Asset>()
  const imports: Record<string, string> = {}
  const entry = `${ROOT}dashboard/pages/main.${ending}`
  const module = (path: string, url: URL) => {
    if (assets.has(path)) return
    const text = new TextDecoder().decode(read(url))
    const code = url.pathname.endsWith('.ts') ? withoutTypes(text) : text
    assets.set(path, { type: 'text/javascript; charset=utf-8', bytes: encoder.encode(code) })
    for (const [, first, second] of code.matchAll(IMPORT)) follow(first ?? second ?? '', path)
  }
  const follow = (specifier: string, from: string) => {
    if (specifier.startsWith('.')) {
      const path = posix.join(posix.dirname(from), specifier)
      if (path.startsWith(ROOT)) module(path, new URL(path.slice(ROOT.length), rooms))
    } else if (specifier.startsWith('#')) {
      const path = specifier.slice(1).replace(/\.ts$/, `.${ending}`)
      imports[specifier] = ROOT + path
      module(ROOT + path, new URL(path, rooms))
    } else {
      const path = `${ROOT}npm/${specifier}.mjs`
      imports[specifier] = path
      module(path, new URL(resolve(specifier)))
    }
  }
  module(entry, new URL(entry.slice(ROOT.length), rooms))
  const plain = (name: string, type: string) =>
    assets.set(`${ROOT}${name}`, { type, bytes: read(new URL(`dashboard/pages/${name}`, rooms)) })
  for (const name of STYLES) plain(name, 'text/css; charset=utf-8')
  plain('icon.svg', 'image/svg+xml')
  return { entry, assets, imports }
}

/** Names stay where they are, so that places in stack traces are those of the source. */
function withoutTypes(source: string): string {
  const { emitWarning } = process
  // That the function is experimental is nothing that whoever looks at a cluster could mend.
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * Loads the first module. A browser breaks off what it loads when a network comes or goes, which on a machine that runs pods is often: all is loaded
 * once more then, a few times.
 */
const beginning = (entry: string) => `
import(${JSON.stringify(entry)}).then(
  () => sessionStorage.removeItem('tries'),
  error => {
    const tries = Number(sessionStorage.getItem('tries')) + 1
    sessionStorage.setItem('tries', tries)
    if (tries < 20) window.setTimeout(() => location.reload(), 200 * tries)
    else document.body.textContent = 'The dashboard could not be loaded: ' + error.message
  },
)
`

/** The one document. It has nothing of its own but where everything is. */
export function documentOf({ entry, assets, imports }: Sources): {
  readonly html: string
  /** The texts of its scripts in line, which a policy has to name by hash. */
  readonly inline: readonly string[]
} {
  const begin = beginning(entry)
  const importMap = JSON.stringify({ imports })
  const preloads = [...assets.keys()]
    .filter(path => /\.(ts|js|mjs)$/.test(path))
    .map(path => `<link rel="modulepreload" href="${path}">`)
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Proa dashboard</title>
<link rel="icon" href="${ROOT}icon.svg">
${STYLES.map(name => `<link rel="stylesheet" href="${ROOT}${name}">`).join('\n')}
<script type="importmap">${importMap}</script>
${preloads.join('\n')}
<script type="module">${begin}</script>
</head>
<body>
<noscript>The dashboard needs JavaScript.</noscript>
</body>
</html>
`
  return { html, inline: [importMap, begin] }
}
