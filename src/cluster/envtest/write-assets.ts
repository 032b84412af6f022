/**
 * `proa envtest`: a directory of programs as envtest looks for them, `kube-apiserver`, `etcd` and `kubectl`, the first two of which are
 * this Proa. Its name says what is in it, so that projects with other versions or wishes do not change each other's.
 */
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { UserError } from '#base/errors.ts'
import { helpText, type ValuesOf } from '#cli'
import { type Files, systemFiles } from '#host/files.ts'
import { userCacheDirectory } from '#host/own-directories.ts'
import { findProgram, ownCommand } from '#host/programs.ts'

const PROGRAM_DIRECTORY = 0o755
const PROGRAM = 0o755
const NAME_LETTERS = 12
const MARK = '# Written by "proa envtest".'

export interface AssetFacts {
  /** The words that start Proa. */
  readonly proa: readonly string[]
  readonly kubectl: string | undefined
  readonly controllers: string | undefined
  /** As `--nodes` wants it. */
  readonly nodes: string
}

export function writeAssets(values: ValuesOf<'envtest'>): void {
  if (process.platform === 'win32')
    throw new UserError(
      'envtest starts programs, and those that Proa could give it are shell scripts, which Windows does not start; use WSL',
    )
  const { controllers, nodes, binDirectory } = values
  const kubectl = findProgram('kubectl')
  const programs = programsFor({
    proa: ownCommand(),
    kubectl,
    controllers,
    nodes: nodes.kind === 'hollow' ? `hollow:${nodes.count}` : 'none',
  })
  const directory = resolve(binDirectory ?? join(userCacheDirectory(), 'envtest', nameOf(programs)))
  writePrograms(directory, programs, systemFiles)
  if (kubectl === undefined)
    process.stderr.write(
      'proa: there is no kubectl on the PATH, so there is none in the directory; tests that call it need one\n',
    )
  process.stdout.write(`${directory}\n`)
}

/** Throws a UserError where somebody's real etcd would be replaced. */
export function writePrograms(
  directory: string,
  programs: ReadonlyMap<string, string>,
  files: Files,
): void {
  for (const name of programs.keys())
    if (files.read(join(directory, name))?.includes(MARK) === false)
      throw new UserError(
        `${join(directory, name)} is there already and not Proa's; name another --bin-dir`,
      )
  files.makeDirectory(directory, PROGRAM_DIRECTORY)
  for (const [name, text] of programs) files.writeAtomically(join(directory, name), text, PROGRAM)
}

/** Texts of the programs by their names. */
export function programsFor(facts: AssetFacts): ReadonlyMap<string, string> {
  const { proa, kubectl, controllers, nodes } = facts
  const wishes = [
    ...(controllers === undefined ? [] : [`--controllers=${controllers}`]),
    ...(nodes === 'none' ? [] : [`--nodes=${nodes}`]),
  ]
  return new Map([
    ['kube-apiserver', ownScript(proa, ['envtest', 'apiserver'], wishes)],
    ['etcd', ownScript(proa, ['envtest', 'etcd'])],
    ...(kubectl === undefined ? [] : [['kubectl', script([kubectl])] as const]),
  ])
}

/** Envtest asks for the help before each start, to see which flags there are: the shell tells it in no time. */
const ownScript = (
  proa: readonly string[],
  command: readonly string[],
  wishes: readonly string[] = [],
) =>
  script(
    [...proa, ...command, ...wishes],
    `if [ "$1" = --help ]; then\n  cat <<'END OF HELP'\n${helpText(command)}END OF HELP\n  exit\nfi\n`,
  )

/** The shell gives way to the program, so that a signal for the one is a signal for the other. */
const script = (words: readonly string[], before = '') =>
  `#!/bin/sh\n${MARK}\n${before}exec ${words.map(quoted).join(' ')} "$@"\n`

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`

function nameOf(programs: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256').update(JSON.stringify([...programs]))
  return hash.digest('hex').slice(0, NAME_LETTERS)
}
