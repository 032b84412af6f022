/** Which images a provider of credentials, or credentials themselves, are for. Pure. */

const DEFAULT_REGISTRY = 'docker.io'

/** The repository with its registry, without tag and digest: `busybox:1` is `docker.io/library/busybox`. */
export function repositoryOf(image: string): string {
  const [named = ''] = image.split('@')
  const cut = named.lastIndexOf(':')
  const name = cut > named.lastIndexOf('/') ? named.slice(0, cut) : named
  const [first = '', ...rest] = name.split('/')
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) return name
  return `${DEFAULT_REGISTRY}/${rest.length > 0 ? name : `library/${name}`}`
}

interface Place {
  readonly labels: readonly string[]
  readonly port: string
  readonly path: string
}

/** `*` stands for anything within one label of the host; a port must agree; a path is a beginning. */
export function matchesImage(pattern: string, repository: string): boolean {
  const wanted = placeOf(pattern)
  const found = placeOf(repository)
  return (
    wanted.labels.length === found.labels.length &&
    wanted.labels.every((label, index) => fits(label, found.labels[index] ?? '')) &&
    wanted.port === found.port &&
    found.path.startsWith(wanted.path)
  )
}

function placeOf(text: string): Place {
  const bare = text.replace(/^https?:\/\//, '')
  const slash = bare.indexOf('/')
  const authority = slash < 0 ? bare : bare.slice(0, slash)
  const [host = '', port = ''] = authority.split(':')
  return { labels: host.split('.'), port, path: slash < 0 ? '' : bare.slice(slash) }
}

/** By its pieces and not by a pattern of patterns, which could take for ever. */
function fits(glob: string, label: string): boolean {
  const pieces = glob.split('*')
  const [first = ''] = pieces
  const last = pieces.at(-1) ?? ''
  if (pieces.length === 1) return glob === label
  if (!label.startsWith(first)) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = label.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return label.length - last.length >= at && label.endsWith(last)
}
