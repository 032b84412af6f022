/** The door of the room: from the words of a command line to a command and its values, and the help that describes them. */
import { UserError } from '#base/errors.ts'
import { nearest } from '#base/nearest.ts'
import { type Command, type CommandName, commands } from './commands.ts'
import { type Flag, flagText, parseFlags, type Values } from './flags.ts'

export { division as divisionFlags } from './division-flags.ts'
export { federationReadyText, nodesText, readyText } from './messages.ts'
export type { NodesWanted } from './nodes.ts'
export type { CommandName }

/** A command with its values; a union over all commands, so that a `switch` on `name` knows the flags. */
export type Invocation = {
  [N in CommandName]: {
    readonly name: N
    readonly values: Values<(typeof commands)[N]['flags']>
    readonly positionals: readonly string[]
  }
}[CommandName]

/** The values of one command's flags. */
export type ValuesOf<N extends CommandName> = Values<(typeof commands)[N]['flags']>

/** What a command was started with, for /flagz: each of its flags with its value as a text. */
export function flagTexts(name: CommandName, values: object): ReadonlyMap<string, string> {
  const { flags }: Command = commands[name]
  const byProperty = values as Readonly<Record<string, unknown>>
  return new Map(
    Object.entries(flags).map(([property, flag]) => [
      flag.name,
      flagText(flag, byProperty[property]),
    ]),
  )
}

/** Reads the words behind `proa`. Undefined when help was asked for. Throws a UserError for what makes no sense. */
export function parseCommandLine(words: readonly string[]): Invocation | undefined {
  if (words.length === 0 || words.some(isHelp) || words[0] === 'help') return undefined
  if (words[0] === '--version') return parseCommandLine(['version'])
  const name = commandIn(words)
  if (!name) throw new UserError(unknownCommand(words))
  const command: Command = commands[name]
  const { values, positionals } = parseFlags(
    command.flags,
    words.slice(name.split(' ').length),
    command,
  )
  const wanted = command.positionals ?? []
  if (positionals.length > wanted.length && !command.isLenient)
    throw new UserError(`proa ${name} takes no "${positionals[wanted.length]}"`)
  // Those in brackets may be left out.
  const needed = wanted.filter(each => !each.startsWith('['))
  if (positionals.length < needed.length)
    throw new UserError(
      `proa ${name} needs ${wanted[positionals.length]}: proa ${name} ${wanted.join(' ')}`,
    )
  return { name, values, positionals } as unknown as Invocation
}

function commandIn(words: readonly string[]): CommandName | undefined {
  const names = Object.keys(commands) as CommandName[]
  const matching = names.filter(name => name.split(' ').every((part, at) => part === words[at]))
  // `envtest etcd` is meant by more of the words than `envtest`.
  return matching.sort((a, b) => b.length - a.length)[0]
}

/** Of `snapshot` those of `snapshot save`, `snapshot restore` and so on; none of a word that begins no command of two. */
const commandsOf = (group: string | undefined) =>
  Object.keys(commands).filter(name => name.startsWith(`${group} `))

function unknownCommand([first = '', second = '']: readonly string[]): string {
  const group = commandsOf(first)
  const isWord = second !== '' && !second.startsWith('-')
  if (group.length > 0) {
    const what = isWord ? `unknown command "${first} ${second}"` : `proa ${first} needs a word more`
    return `${what}: ${group.map(name => `proa ${name}`).join(', ')}`
  }
  if (first.startsWith('-')) return `a command comes first, not ${first}; "proa help" lists them`
  const known = Object.keys(commands)
  const meant =
    (isWord && nearest(`${first} ${second}`, known)) ||
    nearest(first, [...new Set(known.map(name => name.split(' ')[0] ?? ''))])
  return `unknown command "${first}"${meant}; "proa help" lists them`
}

/** What `proa help` and `proa COMMAND --help` print. Throws a UserError where help is asked for about what there is not. */
export function helpText(words: readonly string[]): string {
  const about = (words[0] === 'help' ? words.slice(1) : words).filter(word => !isHelp(word))
  const name = commandIn(about)
  if (name) return commandHelp(name)
  const group = commandsOf(about[0])
  if (group.length > 0) return overview(group)
  if (about.length > 0 && !about[0]?.startsWith('-')) throw new UserError(unknownCommand(about))
  return overview(Object.keys(commands))
}

const isHelp = (word: string) => word === '--help' || word === '-h'

function overview(names: readonly string[]): string {
  const width = Math.max(...names.map(name => name.length))
  const rows = names.map(
    name =>
      `  ${name.padEnd(width)}  ${(commands as Readonly<Record<string, Command>>)[name]?.doc}`,
  )
  return `Proa: Kubernetes in one process.\n\nUsage: proa COMMAND [FLAGS]\n\n${rows.join('\n')}\n\n"proa COMMAND --help" shows a command's flags.\n`
}

function commandHelp(name: CommandName): string {
  const command: Command = commands[name]
  const flags = Object.values<Flag>(command.flags)
  const width = Math.max(0, ...flags.map(flag => wordsOf(flag).length))
  const usage = [
    'proa',
    name,
    ...(command.positionals ?? []),
    ...(flags.length ? ['[FLAGS]'] : []),
  ].join(' ')
  const sections = Map.groupBy(flags, flag => flag.section ?? '')
  const texts = [...sections]
    .sort(([one], [other]) => Number(one !== '') - Number(other !== ''))
    .map(([section, flags]) => {
      const rows = flags.map(flag => `  ${wordsOf(flag).padEnd(width)}  ${explanation(flag)}\n`)
      return `\n${section && `${section}:\n`}${rows.join('')}`
    })
  return `${usage}: ${command.doc}\n${texts.join('')}`
}

const wordsOf = ({ name, placeholder }: Flag) =>
  placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`

/** Some say in words what happens without them. Of switches the default is told where it is not what leaving them out suggests. */
function explanation(flag: Flag): string {
  const { doc, fallback } = flag
  const isTold = ['string', 'number'].includes(typeof fallback) && fallback !== ''
  return isTold || fallback === true ? `${doc} (default: ${flagText(flag, fallback)})` : doc
}
