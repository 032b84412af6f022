/** The Accept header, best clause first. */

export interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

export function clausesOf(accept: string): Clause[] {
  return accept
    .split(',')
    .map((text, order) => {
      const [type = '', ...pairs] = text.split(';').map(part => part.trim())
      const parameters = new Map(
        pairs.map(pair => {
          const at = pair.indexOf('=')
          return [pair.slice(0, at).toLowerCase(), unquoted(pair.slice(at + 1))] as const
        }),
      )
      const quality = Number(parameters.get('q') ?? 1)
      return { type: type.toLowerCase(), parameters, quality, order }
    })
    .filter(({ quality }) => quality > 0)
    .sort(
      (a, b) => b.quality - a.quality || wildness(a.type) - wildness(b.type) || a.order - b.order,
    )
}

const unquoted = (text: string) => text.replace(/^"(.*)"$/, '$1')
const wildness = (type: string) => (type.startsWith('*') ? 2 : type.endsWith('*') ? 1 : 0)
