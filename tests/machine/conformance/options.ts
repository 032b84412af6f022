/** The flags of `npm run conformance`. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FAMILIES, type Families } from '../proa-process.ts'

export type Nodes = 'containerd' | 'hollow'

export interface Options {
  readonly nodes: Nodes
  /** How many nodes of containers. */
  readonly count: 1 | 2
  /** Of the addresses that pods and Services have. */
  readonly families: Families
  /** Which tests, as ginkgo filters their labels. */
  readonly labels: string
  /** Regular expressions on the names of these tests; empty ones do not count. */
  readonly focus: string
  readonly skip: string
  /** How many tests run at once in the first pass. */
  readonly processes: number
  /** How long a pass may take, as Go writes it. */
  readonly timeout: string
  /** What is built once and used again: programs and images. */
  readonly cache: string
  /** An OCI image layout to use instead of building images. */
  readonly images: string | undefined
  /** Where reports and logs are left; a folder of its own below the cache by default. */
  readonly output: string
  /** Only the programs and images are made. */
  readonly prepare: boolean
}

export const HELP = `npm run conformance -- [--focus REGEX] [--skip REGEX] …
  --nodes containerd|hollow   on real containers (default; root on Debian) or on two hollow nodes, whose pods are simulated
  --count 1|2                 how many nodes of containers (default 2)
  --families ipv4|ipv6|dual   which addresses pods and Services have (default ipv4)
  --labels EXPRESSION         which of upstream's tests, as ginkgo filters labels (default Conformance)
  --focus REGEX               which of them, by their names (default: all)
  --skip REGEX                which of them not
  --processes N               how many at once, but for those with [Serial] (default 6)
  --timeout TIME              of each of the two passes (default 90m)
  --cache DIR                 programs and images, made once (default ~/.cache/proa/conformance)
  --images DIR                an OCI image layout with the test images, instead of building them
  --output DIR                reports and logs (default: below the cache)
  --prepare                   make programs and images, and run nothing
`

export function parseOptions(words: string[], now: Date): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      nodes: { type: 'string', default: 'containerd' },
      count: { type: 'string', default: '2' },
      families: { type: 'string', default: 'ipv4' },
      labels: { type: 'string', default: 'Conformance' },
      focus: { type: 'string', default: '' },
      skip: { type: 'string', default: '' },
      processes: { type: 'string', default: '6' },
      timeout: { type: 'string', default: '90m' },
      cache: { type: 'string', default: join(homedir(), '.cache', 'proa', 'conformance') },
      images: { type: 'string' },
      output: { type: 'string' },
      prepare: { type: 'boolean', default: false },
    },
  })
  const { nodes, cache } = values
  if (nodes !== 'containerd' && nodes !== 'hollow')
    throw new Error(`--nodes wants containerd or hollow, not "${nodes}"`)
  if (values.count !== '1' && values.count !== '2')
    throw new Error(`--count wants 1 or 2, not "${values.count}"`)
  const families = FAMILIES.find(each => each === values.families)
  if (!families)
    throw new Error(`--families wants ${FAMILIES.join(', ')}, not "${values.families}"`)
  const processes = Number(values.processes)
  if (!Number.isInteger(processes) || processes < 1)
    throw new Error(`--processes wants a whole number from 1 on, not "${values.processes}"`)
  const stamp = now.toISOString().slice(0, 19).replaceAll(':', '')
  return {
    ...values,
    nodes,
    families,
    count: values.count === '1' ? 1 : 2,
    processes,
    images: values.images,
    output: values.output ?? join(cache, 'runs', stamp),
  }
}
