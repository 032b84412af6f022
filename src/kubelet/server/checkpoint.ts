/** POST /checkpoint/<namespace>/<pod>/<container>: the runtime writes down what the container is at that moment, where it can. */
import { badRequest, notFound, StatusError } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { podOf, runningContainer } from './find.ts'
import type { Route, ServerParts } from './server.ts'

/** Resolves with the file. Throws with upstream's sentence where the runtime refuses. */
export async function checkpoint(parts: ServerParts, route: Route): Promise<{ items: string[] }> {
  const { clock, options } = parts.context
  const { runtime, rootDirectory, hostAccess } = options
  const [, namespace = '', name = '', container = ''] = route.segments
  if (route.segments.length !== 4) throw notFound({ group: '', resource: 'paths' }, 'checkpoint')
  podOf(parts, route)
  const run = runningContainer(parts, route)
  const timeout = route.query.get('timeout') ?? '0'
  if (!/^\d{1,9}$/.test(timeout)) throw badRequest(`timeout "${timeout}" is no number of seconds`)
  const directory = `${rootDirectory}/checkpoints`
  const file = `checkpoint-${name}_${namespace}-${container}-${rfc3339(clock.now())}.tar`
  try {
    if (!runtime.checkpointContainer)
      throw new Error('the container runtime does not know checkpoint_container')
    // What a program has in memory is nobody else's business.
    await hostAccess.files.makeDirectory(directory, 0o700)
    await runtime.checkpointContainer(run.id, `${directory}/${file}`, Number(timeout))
  } catch (error) {
    const what = `${namespace}/${name}/${container}`
    throw new StatusError('InternalError', `checkpointing of ${what} failed (${messageOf(error)})`)
  }
  return { items: [`${directory}/${file}`] }
}
