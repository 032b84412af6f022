/** Pods of a namespace go only to the nodes that its annotation, or the configuration, chooses. */
import { goQuote } from '#api/machinery/go-quote.ts'
import { isLabelValue, isQualifiedName } from '#api/machinery/names.ts'
import { notFound, PlainError } from '#api/machinery/status.ts'
import type { Eventually } from '../../authorization/authorizer.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { asPod, concernsPods, refused } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector'
const DEFAULT = 'clusterDefaultNodeSelector'
type Labels = Readonly<Record<string, string>>

export function podNodeSelector({
  namespace: find,
  pluginConfiguration,
}: Pick<AdmissionWorld, 'namespace' | 'pluginConfiguration'>): AdmissionStep {
  // A namespace may be called like what every object has.
  const configured = new Map(Object.entries(pluginConfiguration?.podNodeSelector ?? {}))
  const selectorOf = async ({ namespace }: AdmissionRequest): Promise<Labels> => {
    const found = await find(namespace)
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    const annotated = found.metadata.annotations?.[ANNOTATION]
    return labelsIn(annotated ?? configured.get(DEFAULT) ?? '')
  }
  const isFor = (request: AdmissionRequest) =>
    concernsPods(request) && request.operation === 'CREATE' && request.object !== undefined
  return {
    name: 'PodNodeSelector',
    resources: ['pods'],
    isFor,
    async mutate(request, draft) {
      const selector = await selectorOf(request)
      const { spec } = asPod(draft)
      refuseConflict(request, spec.nodeSelector ?? {}, selector)
      if (Object.keys(selector).length > 0)
        spec.nodeSelector = { ...selector, ...spec.nodeSelector }
    },
    validate: (request): Eventually<void> => judge(request),
  }

  async function judge(request: AdmissionRequest): Promise<void> {
    const { nodeSelector = {} } = asPod(request.object as NonNullable<typeof request.object>).spec
    refuseConflict(request, nodeSelector, await selectorOf(request))
    // What the file says of a namespace is all that may be chosen there.
    const allowed = labelsIn(configured.get(request.namespace) ?? '')
    if (Object.keys(allowed).length === 0) return
    if (Object.entries(nodeSelector).some(([key, value]) => allowed[key] !== value))
      throw refused(request, `pod node label selector labels conflict with its namespace whitelist`)
  }
}

function refuseConflict(request: AdmissionRequest, own: Labels, selector: Labels): void {
  if (
    Object.entries(selector).some(([key, value]) => Object.hasOwn(own, key) && own[key] !== value)
  )
    throw refused(
      request,
      'pod node label selector conflicts with its namespace node label selector',
    )
}

/** `a=b,c=d`. Throws a PlainError for what is none, in upstream's words. */
function labelsIn(text: string): Labels {
  const labels: Record<string, string> = Object.create(null)
  for (const part of text === '' ? [] : text.split(',')) {
    const pair = part.split('=').map(each => each.trim())
    const [key = '', value = ''] = pair
    if (pair.length !== 2) throw new PlainError(`invalid selector: [${pair.join(' ')}]`)
    refuseText(key, isQualifiedName(key))
    refuseText(value, isLabelValue(value))
    labels[key] = value
  }
  return labels
}

function refuseText(text: string, wrong: readonly string[]): void {
  if (wrong.length > 0)
    throw new PlainError(`<nil>: Invalid value: ${goQuote(text)}: ${wrong.join('; ')}`)
}
