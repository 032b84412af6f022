/**
 * `/statusz` and `/flagz`: what a component is, since when, and how it was started; as text for people, or as objects of config.k8s.io for
 * who names one in its Accept header.
 */
import { asGoJson } from '#api/machinery/exact-json.ts'
import { StatusError } from '#api/machinery/status.ts'
import { type FeatureGates, isGateOn } from '#base/feature-gates.ts'
import type { Random } from '#base/random.ts'
import { version } from '#base/version.ts'
import type { ApiResponse } from '../transport.ts'
import { type Clause, clausesOf } from './accept.ts'

/** What a component tells of itself. */
export interface ZpageSubject {
  readonly component: string
  readonly startedMs: number
  /** The pages for people that it has besides. */
  readonly paths: readonly string[]
  /** Flags with their values as texts, by name. */
  readonly flags: ReadonlyMap<string, string>
}

export interface ZpageQuestion {
  readonly accept: string | undefined
  /** Whether whoever asks prefers a text for people, where it is no object of text anyway. */
  readonly pretty: boolean
  readonly nowMs: number
  readonly random: Random
}

const GATES: Readonly<Record<string, string>> = {
  '/flagz': 'ComponentFlagz',
  '/statusz': 'ComponentStatusz',
}

/** The paths that there are with these gates. */
export const zpagesOf = (gates: FeatureGates): string[] =>
  Object.entries(GATES).flatMap(([path, gate]) => (isGateOn(gates, gate) ? [path] : []))

interface Zpage {
  readonly kind: string
  text(subject: ZpageSubject, question: ZpageQuestion): string
  fields(subject: ZpageSubject, question: ZpageQuestion): object
}

const pages: Readonly<Record<string, Zpage>> = {
  '/flagz': {
    kind: 'Flagz',
    text: ({ flags }) => sorted(flags).reduce((so, [name, value]) => `${so}${name} ${value}\n`, ''),
    fields: ({ flags }) => ({ flags: Object.fromEntries(sorted(flags)) }),
  },
  '/statusz': { kind: 'Statusz', text: statusText, fields: statusFields },
}

const VERSIONS = ['v1beta1', 'v1alpha1']
const DEPRECATED = 'v1alpha1'
const GROUP = 'config.k8s.io'
const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'

/** Undefined where the path is none of these. Throws NotAcceptable. */
export async function answerZpage(
  path: string,
  subject: ZpageSubject,
  question: ZpageQuestion,
): Promise<ApiResponse | undefined> {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (!page) return undefined
  const wanted = wantedOf(page, question.accept)
  const title = `${subject.component} ${page.kind.toLowerCase()}`
  if (wanted === 'text') {
    const text = `\n${title}\n${WARNING}\n${page.text(subject, question)}`
    return answer('text/plain; charset=utf-8', text)
  }
  const { encoding, served, parameters } = wanted
  const object = {
    kind: page.kind,
    apiVersion: `${GROUP}/${served}`,
    metadata: { name: subject.component },
    ...page.fields(subject, question),
  }
  const isPretty = question.pretty || parameters.get('pretty') === '1'
  const response = answer(
    `application/${encoding};g=${GROUP};v=${served};as=${page.kind}`,
    encoding === 'yaml' ? await yamlOf(object) : jsonOf(object, isPretty),
  )
  if (served !== DEPRECATED) return response
  const name = page.kind.toLowerCase()
  const warning = `299 - "This version of the ${name} endpoint is deprecated. Please use a newer version."`
  return { ...response, headers: { ...response.headers, warning } }
}

type Wanted =
  | 'text'
  | { encoding: 'json' | 'yaml'; served: string; parameters: Clause['parameters'] }

/** The first clause that can be served; nobody who takes plain JSON is meant, for the form of an object is named in full. */
function wantedOf(page: Zpage, accept: string | undefined): Wanted {
  if (!accept) return 'text'
  for (const { type, parameters } of clausesOf(accept)) {
    const as = parameters.get('as')
    const isBare = as === undefined && !parameters.has('g') && !parameters.has('v')
    if (isBare && ['text/plain', 'text/*', '*/*'].includes(type)) return 'text'
    const served = parameters.get('v') ?? ''
    const isServed = parameters.get('g') === GROUP && VERSIONS.includes(served)
    const [, encoding] = /^application\/(json|yaml)$/.exec(type) ?? []
    if (encoding && isServed && as === page.kind)
      return { encoding: encoding as 'json' | 'yaml', served, parameters }
  }
  throw new StatusError(
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, text/plain',
  )
}

const answer = (type: string, text: string): ApiResponse => ({
  status: 200,
  headers: { 'content-type': type },
  body: { kind: 'bytes', bytes: new TextEncoder().encode(text) },
})

function jsonOf(value: object, isPretty: boolean): string {
  const text = asGoJson(JSON.stringify(value, undefined, isPretty ? 2 : undefined))
  return isPretty ? text : `${text}\n`
}

async function yamlOf(value: object): Promise<string> {
  const { writeYaml } = await import('#api/machinery/yaml-writer.ts')
  return writeYaml(value)
}

const sorted = (flags: ReadonlyMap<string, string>) =>
  [...flags].sort(([a], [b]) => (a < b ? -1 : 1))

/** What runs it, as `/version` tells it. */
const RUNTIME = `node ${process.version}`
const MINOR = `${version.major}.${version.minor}`
/** One of them at random, as upstream, so that nobody begins to read it by machine. */
const MARKS = [':', ': ', '=', ' ']

function statusText(subject: ZpageSubject, { nowMs, random }: ZpageQuestion): string {
  const { startedMs, paths } = subject
  const seconds = Math.max(0, Math.floor((nowMs - startedMs) / 1000))
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const mark = MARKS[random.integer(MARKS.length)]
  const rows = {
    Started: unixDate(startedMs),
    Up: `${Math.floor(seconds / 3600)} hr ${two((seconds / 60) % 60)} min ${two(seconds % 60)} sec`,
    'Go version': RUNTIME,
    'Binary version': MINOR,
    'Emulation version': MINOR,
    Paths: paths.join(' '),
  }
  return Object.entries(rows).reduce((so, [name, value]) => `${so}${name}${mark} ${value}\n`, '\n')
}

function statusFields({ startedMs, paths }: ZpageSubject, { nowMs }: ZpageQuestion) {
  return {
    startTime: new Date(startedMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    uptimeSeconds: Math.max(0, Math.floor((nowMs - startedMs) / 1000)),
    goVersion: RUNTIME,
    binaryVersion: MINOR,
    emulationVersion: MINOR,
    paths,
  }
}

/** `Fri Nov 27 23:56:42 UTC 2026`. */
function unixDate(ms: number): string {
  const [, weekday = '', day = '', month = '', year = '', time = ''] =
    /^(\w+), 0?(\d+) (\w+) (\d+) (\S+) GMT$/.exec(new Date(ms).toUTCString()) ?? []
  return `${weekday} ${month} ${day.padStart(2)} ${time} UTC ${year}`
}
