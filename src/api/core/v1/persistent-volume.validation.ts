import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { goShown, isSameStruct } from '../../machinery/go-shown.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../machinery/names.ts'
import { validateDriverName } from '../../storage/v1/validation.ts'
import { differencesOf } from './differences.ts'
import { successorOf } from './node-labels.ts'
import type { CSIPersistentVolumeSource } from './persistent-volume.schema.sources.ts'
import {
  PERSISTENT_VOLUME_SOURCES,
  type PersistentVolume,
  type PersistentVolumeSpec,
  volumeNodeAffinity,
} from './persistent-volume.schema.ts'
import { validateNodeSelector } from './pod/validation.scheduling.ts'
import type { SecretReference } from './references.ts'
import { validateAccessModes, validateClassName, validateVolumeMode } from './storage.ts'
import { positiveAmount, validateCapacity } from './validation.resources.ts'
import { immutable, needed } from './validation.ts'
import { noDotDot, validateCommonSource } from './validation.volume-sources.ts'

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain']
const MAXIMUM_ISCSI_SESSION_LENGTH = 64

export function validatePersistentVolume({
  metadata,
  spec,
}: PersistentVolume): readonly FieldError[] {
  const errors = [...validateCommonParts('spec', spec), ...validateStock('spec', spec)]
  const { nodeAffinity, persistentVolumeReclaimPolicy: policy } = spec
  if (policy && !RECLAIM_POLICIES.includes(policy))
    errors.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, RECLAIM_POLICIES))
  if (nodeAffinity)
    errors.push(
      ...(nodeAffinity.required
        ? validateNodeSelector('spec.nodeAffinity.required', nodeAffinity.required)
        : [required('spec.nodeAffinity.required', 'must specify required node constraints')]),
    )
  errors.push(...validateSource('spec', spec, metadata.name ?? ''))
  if (sourcesIn(spec)[0] === 'local' && !nodeAffinity)
    errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'))
  if (policy === 'Recycle' && /^\/+(\.\/*)*$/.test(spec.hostPath?.path ?? ''))
    errors.push(
      forbidden(
        'spec.persistentVolumeReclaimPolicy',
        "may not be 'recycle' for a hostPath mount of '/'",
      ),
    )
  return [
    ...errors,
    ...validateClassName('spec.storageClassName', spec.storageClassName),
    ...validateVolumeMode('spec.volumeMode', spec.volumeMode),
    ...validateAttributesClass('spec', spec),
  ]
}

const NOT_INLINE = 'may not be specified in the context of inline volumes'

/** A volume that only an attachment knows; it must be a CSI volume and has no claim. */
export function validateInlineVolume(
  path: string,
  spec: PersistentVolumeSpec,
): readonly FieldError[] {
  const errors: FieldError[] = []
  if (spec.claimRef) errors.push(forbidden(`${path}.claimRef`, NOT_INLINE))
  if (Object.keys(spec.capacity ?? {}).length > 0)
    errors.push(forbidden(`${path}.capacity`, NOT_INLINE))
  if (!spec.csi)
    errors.push(required(`${path}.csi`, 'has to be specified in the context of inline volumes'))
  errors.push(...validateCommonParts(path, spec))
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec
  if (policy && policy !== 'Retain')
    errors.push(
      forbidden(
        `${path}.persistentVolumeReclaimPolicy`,
        'may only be Retain in the context of inline volumes',
      ),
    )
  if (spec.nodeAffinity) errors.push(forbidden(`${path}.nodeAffinity`, NOT_INLINE))
  errors.push(...validateSource(path, spec, ''))
  if (spec.storageClassName) errors.push(forbidden(`${path}.storageClassName`, NOT_INLINE))
  if (volumeMode !== undefined && volumeMode !== 'Filesystem')
    errors.push(
      forbidden(
        `${path}.volumeMode`,
        'may not specify volumeMode other than Filesystem in the context of inline volumes',
      ),
    )
  return [...errors, ...validateAttributesClass(path, spec)]
}

function validateCommonParts(path: string, { accessModes = [] }: PersistentVolumeSpec) {
  return [
    ...(accessModes.length === 0 ? [required(`${path}.accessModes`)] : []),
    ...validateAccessModes(`${path}.accessModes`, accessModes),
  ]
}

/** Of volumes upstream says what a name of iSCSI lacks in fewer words than of pods. */
const inFewerWords = (error: FieldError): FieldError => ({
  ...error,
  message: error.message.replace(' starting with iqn, eui, or naa', ''),
})

function validateStock(path: string, spec: PersistentVolumeSpec): FieldError[] {
  const { capacity = {} } = spec
  const names = Object.keys(capacity)
  const errors: FieldError[] = names.length === 0 ? [required(`${path}.capacity`)] : []
  if (names.length !== 1 || names[0] !== 'storage')
    errors.push(notSupported(`${path}.capacity`, spec.capacity ?? null, ['storage']))
  errors.push(...validateCapacity(`${path}.capacity`, capacity))
  for (const [name, amount] of Object.entries(capacity))
    errors.push(...positiveAmount(`${path}.capacity[${name}]`, amount))
  return errors
}

function validateAttributesClass(path: string, spec: PersistentVolumeSpec): readonly FieldError[] {
  const { volumeAttributesClassName: name } = spec
  if (name === undefined) return []
  const field = `${path}.volumeAttributesClassName`
  return [
    ...(name === ''
      ? [required(field, 'an empty string is disallowed')]
      : validateClassName(field, name)),
    ...(spec.csi
      ? []
      : [required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName')]),
  ]
}

/** Without the sources that are forbidden beside the first. */
function judgedAlone(
  spec: PersistentVolumeSpec,
  first: (typeof PERSISTENT_VOLUME_SOURCES)[number] | undefined,
): PersistentVolumeSpec {
  const others = PERSISTENT_VOLUME_SOURCES.filter(
    source => source !== first && source !== 'flexVolume',
  )
  return { ...spec, ...Object.fromEntries(others.map(source => [source, undefined])) }
}

const sourcesIn = (spec: PersistentVolumeSpec) =>
  PERSISTENT_VOLUME_SOURCES.filter(source => spec[source])

function validateSource(
  path: string,
  spec: PersistentVolumeSpec,
  name: string,
): readonly FieldError[] {
  const given = sourcesIn(spec)
  if (given.length === 0) return [required(path, 'must specify a volume type')]
  return [
    ...given.flatMap((source, at) =>
      // As upstream has it, a second one of this sort is let through.
      at === 0 || source === 'flexVolume'
        ? validateCommonSource(
            // Upstream knows this one by its older name here.
            `${path}.${source === 'gcePersistentDisk' ? 'persistentDisk' : source}`,
            source,
            spec[source] ?? {},
          ).map(inFewerWords)
        : [
            forbidden(
              // Upstream spells it so here alone.
              `${path}.${source === 'cephfs' ? 'cephFS' : source}`,
              'may not specify more than 1 volume type',
            ),
          ],
    ),
    ...validateOwnSource(path, judgedAlone(spec, given[0]), name),
  ]
}

/** What only volumes of their own have: secrets in other namespaces and the like. */
function validateOwnSource(
  path: string,
  spec: PersistentVolumeSpec,
  name: string,
): readonly FieldError[] {
  const { glusterfs, azureFile, cinder, iscsi, local, storageos, csi } = spec
  if (glusterfs) return validateEndpointsNamespace(`${path}.glusterfs`, glusterfs)
  if (azureFile?.secretNamespace === '') return [required(`${path}.azureFile.secretNamespace`)]
  if (cinder?.secretRef) return bothNamed(`${path}.cinder.secretRef`, cinder.secretRef)
  if (storageos?.secretRef) return bothNamed(`${path}.storageos.secretRef`, storageos.secretRef)
  if (local) return noDotDot(`${path}.local.path`, local.path)
  if (csi) return validateCsi(`${path}.csi`, csi)
  if (!iscsi) return []
  const errors: FieldError[] = []
  const { targetPortal, initiatorName, secretRef } = iscsi
  const isLong = `${name}:${targetPortal}`.length > MAXIMUM_ISCSI_SESSION_LENGTH
  if (initiatorName !== undefined && isLong)
    errors.push(
      invalid(
        `${path}.iscsi.targetportal`,
        targetPortal,
        'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      ),
    )
  if (secretRef) errors.push(...needed(`${path}.iscsi.secretRef.name`, secretRef.name))
  return errors
}

function validateEndpointsNamespace(
  path: string,
  { endpointsNamespace: namespace }: NonNullable<PersistentVolumeSpec['glusterfs']>,
): readonly FieldError[] {
  const field = `${path}.endpointsNamespace`
  if (namespace === undefined) return []
  if (namespace === '')
    return [
      invalid(
        field,
        namespace,
        'if the endpointnamespace is set, it must be a valid namespace name',
      ),
    ]
  return needed(field, namespace, isDns1123Label)
}

const bothNamed = (path: string, { name, namespace }: SecretReference) => [
  ...needed(`${path}.name`, name),
  ...needed(`${path}.namespace`, namespace),
]

function validateCsi(path: string, source: CSIPersistentVolumeSource): readonly FieldError[] {
  const errors = [
    ...validateDriverName(`${path}.driver`, source.driver),
    ...needed(`${path}.volumeHandle`, source.volumeHandle),
  ]
  for (const field of [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const) {
    const secret = source[field]
    if (secret)
      errors.push(
        ...needed(`${path}.${field}.name`, secret.name, isDns1123Subdomain),
        ...needed(`${path}.${field}.namespace`, secret.namespace, isDns1123Label),
      )
  }
  return errors
}

export function validatePersistentVolumeUpdate(
  next: PersistentVolume,
  previous: PersistentVolume,
): readonly FieldError[] {
  const errors: FieldError[] = []
  const [after, before] = [sourceOf(next.spec), sourceOf(previous.spec)]
  // The secret for growing came late, so volumes that were made before may still get it.
  if (
    after.csi?.controllerExpandSecretRef &&
    !before.csi?.controllerExpandSecretRef &&
    before.csi
  ) {
    const { controllerExpandSecretRef: _, ...rest } = after.csi
    after.csi = rest
  }
  const differences = differencesOf(after, before, 'spec')
  if (differences.length > 0) {
    const lines = differences.join('\n')
    errors.push(
      forbidden(
        'spec.persistentvolumesource',
        `spec.persistentvolumesource is immutable after creation\n${lines}\n`,
      ),
    )
  }
  errors.push(...immutable('volumeMode', next.spec.volumeMode, previous.spec.volumeMode))
  if (previous.spec.nodeAffinity)
    errors.push(...validateNodeAffinityUpdate(next.spec, previous.spec))
  if (
    previous.spec.volumeAttributesClassName !== undefined &&
    next.spec.volumeAttributesClassName === undefined
  )
    errors.push(
      forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'),
    )
  return errors
}

function sourceOf(spec: PersistentVolumeSpec): Partial<PersistentVolumeSpec> {
  const entries = PERSISTENT_VOLUME_SOURCES.map(name => [name, spec[name]])
  return Object.fromEntries(entries.filter(([, source]) => source !== undefined))
}

/**
 * The nodes stay the same, but deprecated labels may be replaced by those that took their place. As upstream, no label at all is the one that took the
 * place of those that are not deprecated: it is refused for itself.
 */
function validateNodeAffinityUpdate(
  next: PersistentVolumeSpec,
  previous: PersistentVolumeSpec,
): readonly FieldError[] {
  if (!next.nodeAffinity)
    return [
      invalid(
        'nodeAffinity',
        null,
        'field is immutable, except for updating from beta label to GA',
      ),
    ]
  const before = structuredClone(previous.nodeAffinity)
  const terms = next.nodeAffinity?.required?.nodeSelectorTerms ?? []
  for (const [at, term] of (before?.required?.nodeSelectorTerms ?? []).entries())
    for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
      const key = terms[at]?.matchExpressions?.[index]?.key
      if (key !== undefined && (successorOf(requirement.key) ?? '') === key) requirement.key = key
    }
  if (isSameStruct(volumeNodeAffinity, next.nodeAffinity, before)) return []
  const shown = goShown(volumeNodeAffinity, next.nodeAffinity)
  return [
    invalid('nodeAffinity', shown, 'field is immutable, except for updating from beta label to GA'),
  ]
}
