/** Counts of roles in the same process, which /metrics shows beside the server's own. */

export interface Figure {
  /** As Prometheus wants it: lower case, `_total` for counters. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /** By label values; a role takes care that there are few. */
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

/** Asked at each scrape. */
export type FigureSource = () => readonly Figure[]

/** In Prometheus' text format. */
export function figuresText(sources: readonly FigureSource[]): string {
  const lines: string[] = []
  for (const { name, help, type, values } of sources.flatMap(source => source())) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const { labels, value } of values) lines.push(`${name}${labelsText(labels)} ${value}`)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
