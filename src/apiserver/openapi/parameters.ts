/** What operations can be told in the query, by the name under which upstream describes it. */

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path'
  readonly type: 'string' | 'integer' | 'boolean'
  readonly description: string
}

type Type = Parameter['type']
const query = (name: string, type: Type, description: string): Parameter => ({
  name,
  in: 'query',
  type,
  description,
})
const inPath = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  type: 'string',
  description,
})

export const PRETTY = query('pretty', 'string', 'If true, the answer is indented for people.')
const DRY_RUN = query('dryRun', 'string', 'All: do everything but store the result.')

export const WRITE: readonly Parameter[] = [
  DRY_RUN,
  query('fieldManager', 'string', 'The name under which the changes are owned.'),
  query(
    'fieldValidation',
    'string',
    'What to do with unknown and duplicate fields: Ignore, Warn or Strict.',
  ),
]

export const PATCH: readonly Parameter[] = [
  ...WRITE,
  query('force', 'boolean', 'Apply only: take fields from their owners.'),
]

const RESOURCE_VERSION = query(
  'resourceVersion',
  'string',
  'The revision to read at or to watch from.',
)

export const READ_CUSTOM: readonly Parameter[] = [RESOURCE_VERSION]

const SELECT: readonly Parameter[] = [
  query('continue', 'string', 'Where the next page begins, from the page before.'),
  query('fieldSelector', 'string', 'Only objects whose fields have these values.'),
  query('labelSelector', 'string', 'Only objects whose labels match.'),
  query('limit', 'integer', 'At most so many objects.'),
  RESOURCE_VERSION,
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: NotOlderThan or Exact.'),
  query('sendInitialEvents', 'boolean', 'Begin a watch with the objects that exist.'),
  query('shardSelector', 'string', 'Reserved for a share of the objects; it selects nothing yet.'),
  query('timeoutSeconds', 'integer', 'How long a watch may last.'),
]

export const LIST: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Send bookmarks while watching.'),
  ...SELECT,
  query('watch', 'boolean', 'Tell changes instead of listing.'),
]

export const DELETE: readonly Parameter[] = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'Seconds given to end.'),
  query(
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    'boolean',
    'Delete also what cannot be read any more, at the caller’s risk.',
  ),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query(
    'propagationPolicy',
    'string',
    'What becomes of dependents: Orphan, Background or Foreground.',
  ),
]

export const DELETE_COLLECTION: readonly Parameter[] = [...DELETE, ...SELECT]

const CONTAINER = query('container', 'string', 'The container; the only one may be left out.')
const STREAMS = [
  CONTAINER,
  query('stderr', 'boolean', 'Pass on what it writes to standard error.'),
  query('stdin', 'boolean', 'Pass on what the client sends to standard input.'),
  query('stdout', 'boolean', 'Pass on what it writes to standard output.'),
  query('tty', 'boolean', 'Give it a terminal.'),
]

/** Of subresources that connect or stream, by their name. */
export const STREAMING: Readonly<Record<string, readonly Parameter[]>> = {
  attach: STREAMS,
  exec: [query('command', 'string', 'The program and its words, one each.'), ...STREAMS],
  portforward: [query('ports', 'integer', 'The ports, one each.')],
  proxy: [query('path', 'string', 'What the target is asked for.')],
  log: [
    CONTAINER,
    query('follow', 'boolean', 'Go on with what is written from now on.'),
    query('insecureSkipTLSVerifyBackend', 'boolean', 'Do not check the certificate of the node.'),
    query('limitBytes', 'integer', 'End after so many bytes.'),
    query('previous', 'boolean', 'Of the container before its last restart.'),
    query('sinceSeconds', 'integer', 'Only the last so many seconds.'),
    query('stream', 'string', 'Which output: All, Stdout or Stderr.'),
    query('tailLines', 'integer', 'Only the last so many lines.'),
    query('timestamps', 'boolean', 'Each line with its time before it.'),
  ],
}

/** Those that a path names in braces. */
export function pathParameters(path: string, kind: string): Parameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    if (name === 'namespace') return inPath(name, 'The namespace of the object.')
    return inPath(
      name,
      name === 'path' ? 'What the target is asked for.' : `The name of the ${kind}.`,
    )
  })
}
