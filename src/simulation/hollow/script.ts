/**
 * What a hollow container does, read from its command: enough shell to script a test (`echo`,
 * `sleep`, `exit`, `true`, `false`, joined by `;`, `&&` or newlines, bare or behind `sh -c`).
 * Anything else is a program that nobody here knows: a server that runs until it is stopped, or, where something
 * waits for its end, one that does its work and ends well.
 */
export type Step =
  | { readonly kind: 'print'; readonly text: string; readonly error: boolean }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'forever' }
  | { readonly kind: 'unknown' }

const ENDS: ReadonlySet<Step['kind']> = new Set(['exit', 'forever', 'unknown'])

/** The steps end with `exit`, `forever` or `unknown`. */
export function scriptOf(command: readonly string[]): readonly Step[] {
  if (command.length === 0) return [{ kind: 'unknown' }]
  const shell = /(?:^|\/)(?:ba|a|da)?sh$/.test(command[0] ?? '')
  const dashC = command.findIndex(word => /^-[a-z]*c$/.test(word))
  const lines = shell && dashC > 0 ? splitLines(command[dashC + 1] ?? '') : [command as string[]]
  const steps: Step[] = []
  for (const words of lines) {
    const step = stepOf(words)
    steps.push(...step)
    const last = step.at(-1)
    if (last && ENDS.has(last.kind)) return steps
  }
  return [...steps, { kind: 'exit', code: 0 }]
}

function splitLines(script: string): string[][] {
  return script
    .split(/;|&&|\n/)
    .map(line => line.trim())
    .filter(Boolean)
    .map(line => (line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map(unquote))
}

const unquote = (word: string) => word.replace(/^(["'])(.*)\1$/s, '$2')

function stepOf(words: readonly string[]): Step[] {
  const [name = '', ...rest] = words
  switch (name.split('/').at(-1)) {
    case 'exec':
      return stepOf(rest)
    case 'echo': {
      const error = rest.at(-1) === '>&2' || rest.at(-1) === '1>&2'
      const text = rest.filter(word => word !== '>&2' && word !== '1>&2').join(' ')
      return [{ kind: 'print', text: `${text}\n`, error }]
    }
    case 'sleep': {
      const ms = duration(rest[0] ?? '')
      return ms === undefined ? [{ kind: 'forever' }] : [{ kind: 'sleep', ms }]
    }
    case 'exit':
      return [{ kind: 'exit', code: Number.parseInt(rest[0] ?? '0', 10) & 255 }]
    case 'true':
    case ':':
      return words.length === 1 ? [] : [{ kind: 'unknown' }]
    case 'false':
      return [{ kind: 'exit', code: 1 }]
    default:
      return [{ kind: 'unknown' }]
  }
}

/** `5`, `0.2`, `1m`, `2h`; undefined for `infinity`. */
function duration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+)([smhd]?)$/.exec(text)
  if (!match) return undefined
  const unit = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, '': 1000 }[match[2] ?? ''] ?? 1000
  return Number(match[1]) * unit
}
