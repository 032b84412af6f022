/**
 * Pod Security Standards: pods that break what their namespace enforces are refused; warnings and notes for the audit log tell of the
 * rest, also for whatever makes pods from a template.
 */
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { forbidden, invalid } from '#api/machinery/status.ts'
import { type PodTemplate, podTemplateIn, RESOURCES_WITH_TEMPLATES } from '../../pod-templates.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { asPod, concerns, oneMessage, qualifiedName } from '../requests.ts'
import type { AdmissionWorld } from '../world.ts'
import { SECCOMP_CONTAINER } from './baseline.ts'
import { checkedPod } from './check.ts'
import { findingOf } from './checks.ts'
import { warningsFor } from './namespace-warnings.ts'
import {
  isSame,
  isStricter,
  LABEL_PREFIX,
  type Policy,
  policyOf,
  type Standard,
  standardText,
} from './policy.ts'

type World = Pick<AdmissionWorld, 'namespace' | 'podsIn' | 'pluginConfiguration'>

const usualIn = ({ pluginConfiguration }: World) => pluginConfiguration?.podSecurity?.policy

export function podSecurity(world: World): AdmissionStep {
  return {
    name: 'PodSecurity',
    resources: ['pods', 'namespaces', ...RESOURCES_WITH_TEMPLATES],
    validate(request) {
      if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return undefined
      if (concerns(request, '', 'namespaces')) return judgeNamespace(request, world)
      if (concerns(request, '', 'pods'))
        return isSignificant(request) ? judgePod(request, world) : undefined
      return templateIn(request) ? judgePod(request, world) : undefined
    },
  }
}

/** Subresources of pods that change nothing of what is judged. */
const IGNORED = [
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
  'token',
]

function templateIn({ resource, subresource, object }: AdmissionRequest): PodTemplate | undefined {
  return subresource === '' ? podTemplateIn(qualifiedName(resource), object) : undefined
}

async function judgePod(request: AdmissionRequest, world: World): Promise<void> {
  const { namespace, object, resource, name } = request
  const isPod = concerns(request, '', 'pods')
  const note = (key: string, text: string) => request.annotate?.(`${LABEL_PREFIX}${key}`, text)
  const exempt = exemptionOf(request, world)
  if (exempt) {
    note('exempt', exempt)
    return
  }
  const found = await world.namespace(namespace)
  const { policy, errors } = policyOf(found?.metadata.labels, usualIn(world))
  if (isPod) note('enforce-policy', standardText(policy.enforce))
  if (errors.length > 0) note('error', `Failed to parse policy: ${oneMessage(errors.map(textOf))}`)
  if (errors.length === 0 && isLenient(policy)) return
  const { metadata, spec } = isPod ? asPod(object as Pod) : (templateIn(request) ?? {})
  if (!spec) return
  const { runtimeClasses } = world.pluginConfiguration?.podSecurity ?? {}
  if (spec.runtimeClassName && runtimeClasses?.has(spec.runtimeClassName)) {
    note('exempt', 'runtimeClass')
    return
  }
  const pod = checkedPod(metadata, spec)
  const violates = (standard: Standard) => {
    const finding = findingOf(standard, pod)
    return finding && `violate PodSecurity "${standardText(standard)}": ${finding.details}`
  }
  const refusal = isPod ? violates(policy.enforce) : undefined
  const noted = violates(policy.audit)
  if (noted) note('audit-violations', `would ${noted}`)
  // `violates`, in the words of a refusal.
  if (refusal) throw forbidden(resource, name, refusal.replace('violate', 'violates'))
  const warning = violates(policy.warn)
  if (warning) request.warn?.(`would ${warning}`)
}

/** Who is not judged, whatever the namespace says. */
function exemptionOf({ namespace, user }: AdmissionRequest, world: World): string | undefined {
  const { namespaces, usernames } = world.pluginConfiguration?.podSecurity ?? {}
  if (namespaces?.has(namespace)) return 'namespace'
  return usernames?.has(user.name) ? 'user' : undefined
}

const textOf = ({ field, message }: { field: string; message: string }) => `${field}: ${message}`

const isLenient = (policy: Policy) =>
  Object.values(policy).every(({ level }) => level === 'privileged')

/** Of an update: images, containers that are added, and the old annotations are all that can change what was judged before. */
function isSignificant({ operation, subresource, object, oldObject }: AdmissionRequest): boolean {
  if (IGNORED.includes(subresource)) return false
  if (operation === 'CREATE') return true
  const [next, previous] = [asPod(object as Pod), asPod(oldObject as Pod)]
  const [now, before] = [next.metadata.annotations ?? {}, previous.metadata.annotations ?? {}]
  const differs = (key: string) => now[key] !== before[key]
  if (differs('seccomp.security.alpha.kubernetes.io/pod')) return true
  return (['containers', 'initContainers', 'ephemeralContainers'] as const).some(list => {
    const known = previous.spec[list] ?? []
    const all = next.spec[list] ?? []
    if (list !== 'ephemeralContainers' && all.length !== known.length) return true
    return all.some(
      ({ name, image }) =>
        known.find(each => each.name === name)?.image !== image ||
        differs(`${SECCOMP_CONTAINER}${name}`),
    )
  })
}

/** The labels must mean something; who turns on a stricter standard hears which pods would not be let in any more. */
function judgeNamespace(request: AdmissionRequest, world: World): void {
  const { subresource, object, oldObject, name } = request
  if (subresource !== '' || !object) return
  const next = policyOf(object.metadata.labels, usualIn(world))
  const previous = oldObject && policyOf((oldObject as Namespace).metadata.labels, usualIn(world))
  const isNew =
    oneMessage(next.errors.map(textOf)) !== oneMessage((previous?.errors ?? []).map(textOf))
  if (next.errors.length > 0 && isNew)
    throw invalid({ group: '', kind: 'Namespace' }, name, next.errors)
  if (!previous) return
  const [after, before] = [next.policy.enforce, previous.policy.enforce]
  if (isSame(after, before) || after.level === 'privileged') return
  if (after.minor === before.minor && !isStricter(after.level, before.level)) return
  for (const text of warningsFor(name, after, world.podsIn(name))) request.warn?.(text)
}
