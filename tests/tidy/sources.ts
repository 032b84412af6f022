/** Reads the project's own TypeScript files for the checks in this folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

export interface Source {
  /** From the project's root, with forward slashes: `src/api/kinds.ts`. */
  readonly path: string
  readonly text: string
  /** The first folder below `src`, or '' for `src/main.ts` and `src/index.ts`. */
  readonly room: string
}

/** Every `.ts` file under these folders of the project. */
export function readSources(...folders: string[]): Source[] {
  return folders.flatMap(folder =>
    readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
      .map(entry => {
        const path = relative(projectRoot, join(entry.parentPath, entry.name))
        const [top, room = '', ...rest] = path.split('/')
        return {
          path,
          text: readFileSync(join(projectRoot, path), 'utf8'),
          room: top === 'src' && rest.length > 0 ? room : '',
        }
      }),
  )
}

/** The module specifiers that a file imports or re-exports, dynamic imports of literals included. */
export function importsOf(source: Source): string[] {
  const code = withoutComments(source.text)
  const found = code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].map(match => match[1] ?? '')
}

/** Blanks out comments, so that prose about a banned name is no use of it. */
export function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, comment => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/.*$/gm, '$1')
}
