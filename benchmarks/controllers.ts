/**
 * How fast a whole cluster acts, with everything in one process: API server, store on disk, all controllers, scheduler and hollow nodes.
 * Beside each figure stands a client that does the same by hand in the same run, which is the limit of what controllers and scheduler can
 * be, and how long the machine took meanwhile to read from a cache that it may share. `npm run bench -- controllers` takes about a minute;
 * `--full` has the sizes that are asked for; single ones can be set.
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { UserError } from '#base/errors.ts'
import { nodesAtRest } from './controllers/at-rest.ts'
import { type Sizes, say } from './controllers/bench-cluster.ts'
import { namespaceDeletion } from './controllers/namespaces.ts'
import { manyDeployments, rollout } from './controllers/rollouts.ts'

const SMALL: Sizes = {
  nodes: 20,
  replicas: 500,
  deployments: 100,
  objects: 1000,
  restNodes: 100,
  restSeconds: 10,
}
const FULL: Sizes = {
  nodes: 100,
  replicas: 5000,
  deployments: 1000,
  objects: 10_000,
  restNodes: 5000,
  restSeconds: 60,
}

const parts: Readonly<Record<string, (sizes: Sizes) => Promise<void>>> = {
  rollout,
  deployments: manyDeployments,
  namespace: namespaceDeletion,
  rest: nodesAtRest,
}

const names = Object.keys(SMALL) as (keyof Sizes)[]
export const flags = ['--full', ...names.map(name => `--${name}`)]

/** `[PART…] [--full] [--nodes N] [--replicas N] [--deployments N] [--objects N] [--restNodes N] [--restSeconds N]` */
export async function run(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      full: { type: 'boolean' },
      ...Object.fromEntries(names.map(name => [name, { type: 'string' as const }])),
    },
  })
  const unknown = positionals.find(part => !(part in parts))
  if (unknown !== undefined)
    throw new UserError(`there is no part ${unknown}; there are ${Object.keys(parts).join(', ')}`)
  const given = values as Partial<Record<keyof Sizes, string>>
  const sizes = { ...(values.full ? FULL : SMALL) }
  for (const name of names) {
    const number = Number(given[name] ?? sizes[name])
    if (!Number.isInteger(number) || number < 1)
      throw new UserError(`--${name} is a number from 1 on, not ${given[name]}`)
    sizes[name] = number
  }
  say(`${cpus().length} cores, load before ${loadavg()[0]?.toFixed(1)}`)
  for (const [name, part] of Object.entries(parts))
    if (positionals.length === 0 || positionals.includes(name)) await part(sizes)
}
