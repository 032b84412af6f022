/** What is beyond the baseline: the good manners of hardened pods. */
import { addedBeyond, isConfined, seccompProfile } from './baseline.ts'
import { named, plural, quoted, type Rule, setters, sorted } from './check.ts'

export const allowPrivilegeEscalation: Rule = ({ containers }) => {
  const wrong = containers.filter(
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  )
  if (wrong.length === 0) return undefined
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${named(wrong)} must set securityContext.allowPrivilegeEscalation=false`,
  }
}

export const capabilities: Rule = pod => {
  const keeping = pod.containers.filter(
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
  )
  const details = [
    keeping.length > 0
      ? `${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`
      : undefined,
    addedBeyond(['NET_BIND_SERVICE'], pod),
  ].filter(text => text !== undefined)
  if (details.length === 0) return undefined
  return { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

const ALLOWED_VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

export const restrictedVolumes: Rule = ({ spec }) => {
  const sourceOf = ({ name: _, ...sources }: { name: string }) => Object.keys(sources)
  const wrong = (spec.volumes ?? []).filter(
    volume => !sourceOf(volume).some(source => ALLOWED_VOLUMES.has(source)),
  )
  if (wrong.length === 0) return undefined
  const types = sorted(wrong.map(volume => sourceOf(volume)[0] ?? 'unknown'))
  const names = quoted(wrong.map(({ name }) => name))
  const verb = plural(wrong.length, 'uses', 'use')
  const noun = plural(types.length, 'restricted volume type', 'restricted volume types')
  return {
    reason: 'restricted volume types',
    detail: `${plural(wrong.length, 'volume', 'volumes')} ${names} ${verb} ${noun} ${quoted(types)}`,
  }
}

export const runAsNonRoot: Rule = ({ spec, containers }) => {
  const ofPod = spec.securityContext?.runAsNonRoot
  const asked = ({ securityContext }: (typeof containers)[number]) => securityContext?.runAsNonRoot
  const reason = 'runAsNonRoot != true'
  const who = setters(
    ofPod === false,
    containers.filter(container => asked(container) === false),
  )
  if (who !== undefined)
    return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` }
  const silent = containers.filter(container => asked(container) === undefined)
  if (ofPod || silent.length === 0) return undefined
  return {
    reason,
    detail: `pod or ${named(silent)} must set securityContext.runAsNonRoot=true`,
  }
}

export const runAsUser: Rule = ({ spec, containers }) => {
  const isRoot = ({ securityContext }: { securityContext?: { runAsUser?: number | bigint } }) =>
    securityContext?.runAsUser !== undefined && Number(securityContext.runAsUser) === 0
  const who = setters(isRoot(spec), containers.filter(isRoot))
  return who === undefined
    ? undefined
    : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` }
}

export const seccompProfileSet: Rule = pod => {
  const wrong = seccompProfile(pod)
  if (wrong) return wrong
  const { spec, containers } = pod
  if (isConfined(spec.securityContext?.seccompProfile?.type ?? '')) return undefined
  const silent = containers.filter(({ securityContext }) => !securityContext?.seccompProfile)
  if (silent.length === 0) return undefined
  return {
    reason: 'seccompProfile',
    detail: `pod or ${named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  }
}
