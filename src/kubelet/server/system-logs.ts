/**
 * GET /logs/…: what the machine itself logs, as pages of names and as files. Upstream follows links wherever they lead; here none leads
 * out of the directory, for whoever may write into it (a pod that has it as a volume) could show any file of the machine.
 */
import { notFound } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { ApiResponse, EventSource } from '#client/transport.ts'
import type { Files } from '../host-access.ts'

export interface SystemLogs {
  readonly files: Files
  /** `/var/log` */
  readonly directory: string
}

/** As many as Linux follows. */
const MAXIMUM_LINKS = 40
const READ_BYTES = 64 * 1024
/** So much is looked at to tell texts from what a browser should not show. */
const BEGINNING_BYTES = 512

/** `path` as it was asked for, encoded and without its query; `segments` are those behind `/logs`. */
export async function openSystemLogs(
  { files, directory }: SystemLogs,
  segments: readonly string[],
  path: string,
): Promise<ApiResponse> {
  const missing = () => notFound({ group: '', resource: 'paths' }, path)
  if (segments.some(segment => /[/\0]|^\.\.?$/.test(segment))) throw missing()
  const place = await placeOf(files, directory, segments)
  if (place === undefined) throw missing()
  const { kind } = (await files.facts(place)) ?? {}
  // The directory itself may still have to be made by whoever logs first.
  if (kind === 'directory' || place === directory) return page(await entriesOf(files, place), path)
  // Reading a pipe would wait for whoever writes to it.
  const answer = kind === 'file' ? await contents(files, place) : undefined
  if (!answer) throw missing()
  return answer
}

/** Where this leads, link by link; undefined where that is nowhere, or outside. */
async function placeOf(
  files: Files,
  directory: string,
  segments: readonly string[],
): Promise<string | undefined> {
  let path = directory
  let links = 0
  const ahead = [...segments]
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (path === directory) return undefined
      path = path.slice(0, path.lastIndexOf('/'))
      continue
    }
    const next = `${path}/${name}`
    const facts = await files.facts(next)
    if (facts?.kind === 'symlink') {
      const target = (await files.readLink(next)) ?? ''
      const isAbsolute = target.startsWith('/')
      if (++links > MAXIMUM_LINKS || (isAbsolute && !`${target}/`.startsWith(`${directory}/`)))
        return undefined
      if (isAbsolute) path = directory
      ahead.unshift(...(isAbsolute ? target.slice(directory.length) : target).split('/'))
    } else if (facts && (facts.kind === 'directory' || ahead.length === 0)) path = next
    else return undefined
  }
  return path
}

/** Directories have a slash behind their names. */
async function entriesOf(files: Files, directory: string): Promise<readonly string[]> {
  const entries: string[] = []
  for (const name of [...(await files.names(directory))].sort()) {
    const facts = await files.facts(`${directory}/${name}`)
    if (facts) entries.push(facts.kind === 'directory' ? `${name}/` : name)
  }
  return entries
}

function page(entries: readonly string[], path: string): ApiResponse {
  // Without a slash at the end of what was asked for, names are relative to what is above.
  const above = path.endsWith('/') ? '' : `${path.slice(path.lastIndexOf('/') + 1)}/`
  const lines = entries.map(name => {
    const encoded = name.split('/').map(encodeURIComponent).join('/')
    return `<a href="${above}${encoded}">${escaped(name)}</a>\n`
  })
  const bytes = Buffer.from(
    `<!doctype html>\n<meta charset="utf-8">\n<pre>\n${lines.join('')}</pre>\n`,
  )
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: { kind: 'bytes', bytes },
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const escaped = (text: string) => text.replace(/[&<>]/g, character => ESCAPES[character] ?? '')

/** What there is when it is asked for: a log that grows meanwhile has an end all the same. */
async function contents(files: Files, path: string): Promise<ApiResponse | undefined> {
  const file = await files.open(path)
  if (!file) return undefined
  let size: number
  let beginning: Uint8Array
  try {
    size = await file.size()
    beginning = await file.read(0, Math.min(size, BEGINNING_BYTES))
  } finally {
    await file.close()
  }
  const isText = !beginning.includes(0)
  const headers = {
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    // Nothing in a log is a page, whatever a browser makes of it.
    'x-content-type-options': 'nosniff',
  }
  return { status: 200, headers, body: { kind: 'stream', stream: streamOf(files, path, size) } }
}

/** Opened by whoever takes it: an answer that nobody takes leaves nothing open. */
function streamOf(files: Files, path: string, size: number): EventSource<Uint8Array> {
  return {
    subscribe(sink) {
      let isStopped = false
      const send = async () => {
        const file = await files.open(path)
        try {
          for (let offset = 0; file && offset < size && !isStopped; ) {
            const bytes = await file.read(offset, Math.min(size - offset, READ_BYTES))
            if (bytes.length === 0 || isStopped) break
            offset += bytes.length
            await sink.next(bytes)
          }
        } finally {
          await file?.close()
        }
      }
      send().then(
        () => isStopped || sink.end(),
        error => isStopped || sink.end(new Error(messageOf(error))),
      )
      return () => {
        isStopped = true
      }
    },
  }
}
