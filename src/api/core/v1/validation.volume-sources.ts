/** Rules for the sources of volumes that pods and persistent volumes have in common, by the source's name. */
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import { isDns1123Label, isInRange } from '../../machinery/names.ts'
import type {
  ISCSIPersistentVolumeSource,
  StorageOSPersistentVolumeSource,
} from './persistent-volume.schema.sources.ts'
import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  GCEPersistentDiskVolumeSource,
} from './pod/schema.volumes.cloud.ts'
import type {
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
} from './pod/schema.volumes.network.ts'
import { type HostPathVolumeSource, hostPathVolumeSource } from './pod/schema.volumes.ts'
import { given, needed } from './validation.ts'

const MAXIMUM_TENANT_LENGTH = 64
const PARTITION = 'must be between 0 and 255, inclusive'
const HOST_AND_PORT = 'must be a host:port pair or multiple pairs separated by commas'
const hostPathTypes = (hostPathVolumeSource.fields.type.schema.enum ?? []).toSorted()

/** The sources that are nothing without these fields. */
const neededFields: Readonly<Record<string, readonly string[]>> = {
  hostPath: ['path'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  nfs: ['server', 'path'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  flexVolume: ['driver'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  azureDisk: ['diskName', 'diskURI'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  local: ['path'],
}

// biome-ignore lint/suspicious/noExplicitAny: each check takes the source of its own name
const checks: Readonly<Record<string, (path: string, source: any) => readonly FieldError[]>> = {
  hostPath: validateHostPath,
  gcePersistentDisk: validatePartition,
  awsElasticBlockStore: validatePartition,
  nfs: (path, { path: directory }: NFSVolumeSource) =>
    directory.startsWith('/')
      ? []
      : [invalid(`${path}.path`, directory, 'must be an absolute path')],
  iscsi: validateIscsi,
  fc: validateFibreChannel,
  flexVolume: validateFlex,
  flocker: validateFlocker,
  quobyte: validateQuobyte,
  azureDisk: validateAzureDisk,
  storageos: validateStorageOS,
}

export function validateCommonSource(
  path: string,
  name: string,
  source: object,
): readonly FieldError[] {
  const fields = source as Readonly<Record<string, unknown>>
  const missing = (neededFields[name] ?? []).filter(field => {
    const value = fields[field]
    return !value || (Array.isArray(value) && value.length === 0)
  })
  return [
    ...missing.map(field => required(`${path}.${field}`)),
    ...(checks[name]?.(path, source) ?? []),
  ]
}

export function noDotDot(field: string, path: string): readonly FieldError[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []
}

function validateHostPath(path: string, source: HostPathVolumeSource): FieldError[] {
  const { path: directory, type } = source
  if (!directory) return []
  const errors = [...noDotDot(`${path}.path`, directory)]
  if (type && !hostPathTypes.includes(type))
    errors.push(notSupported(`${path}.type`, type, hostPathTypes))
  return errors
}

function validatePartition(
  path: string,
  { partition = 0 }: GCEPersistentDiskVolumeSource | AWSElasticBlockStoreVolumeSource,
): readonly FieldError[] {
  return isInRange(partition, 0, 255).length === 0
    ? []
    : [invalid(`${path}.partition`, partition, PARTITION)]
}

const qualifiedNames = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
}

/** What is wrong with the name of a target or initiator. */
function isIscsiName(text: string): string[] {
  const kind = text.slice(0, 3)
  if (!Object.hasOwn(qualifiedNames, kind))
    return ['must be valid format starting with iqn, eui, or naa']
  const pattern = qualifiedNames[kind as keyof typeof qualifiedNames]
  return pattern.test(text) ? [] : ['must be valid format']
}

type Iscsi = Omit<ISCSIPersistentVolumeSource, 'secretRef'> & { secretRef?: { name?: string } }

function validateIscsi(path: string, source: Iscsi): readonly FieldError[] {
  const { iqn, lun, secretRef, initiatorName } = source
  const errors = [...given(`${path}.iqn`, iqn, isIscsiName)]
  for (const message of isInRange(lun, 0, 255)) errors.push(invalid(`${path}.lun`, lun, message))
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef)
    errors.push(required(`${path}.secretRef`))
  return initiatorName === undefined
    ? errors
    : [
        ...errors,
        ...isIscsiName(initiatorName).map(message =>
          invalid(`${path}.initiatorname`, initiatorName, message),
        ),
      ]
}

function validateFibreChannel(path: string, source: FCVolumeSource): FieldError[] {
  const { targetWWNs = [], wwids = [], lun } = source
  const errors: FieldError[] = []
  if (targetWWNs.length === 0 && wwids.length === 0)
    errors.push(
      required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'),
    )
  if (targetWWNs.length === 0) return errors
  if (wwids.length > 0)
    errors.push(
      invalid(
        `${path}.targetWWNs`,
        targetWWNs,
        'targetWWNs and wwids can not be specified simultaneously',
      ),
    )
  if (lun === undefined)
    errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'))
  else
    for (const message of isInRange(lun, 0, 255)) errors.push(invalid(`${path}.lun`, lun, message))
  return errors
}

function validateFlex(path: string, { options = {} }: FlexVolumeSource): FieldError[] {
  return Object.keys(options)
    .filter(key => {
      const domain = `.${(key.split('/')[0] ?? '').toLowerCase()}`
      return domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')
    })
    .map(key =>
      invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'),
    )
}

function validateFlocker(path: string, source: FlockerVolumeSource): FieldError[] {
  const { datasetName = '', datasetUUID = '' } = source
  const errors: FieldError[] = []
  if (!datasetName && !datasetUUID)
    errors.push(required(path, 'one of datasetName and datasetUUID is required'))
  if (datasetName && datasetUUID)
    errors.push(
      invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'),
    )
  if (datasetName.includes('/'))
    errors.push(invalid(`${path}.datasetName`, datasetName, "must not contain '/'"))
  return errors
}

function validateQuobyte(path: string, source: QuobyteVolumeSource): readonly FieldError[] {
  return [...validateRegistry(path, source), ...needed(`${path}.volume`, source.volume)]
}

function validateRegistry(path: string, source: QuobyteVolumeSource): readonly FieldError[] {
  const { registry, tenant = '' } = source
  if (!registry) return [required(`${path}.registry`, HOST_AND_PORT)]
  if (tenant.length > MAXIMUM_TENANT_LENGTH)
    return [
      required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'),
    ]
  return registry
    .split(',')
    .filter(pair => !/^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair))
    .map(() => invalid(`${path}.registry`, registry, HOST_AND_PORT))
}

const CACHING_MODES = ['None', 'ReadOnly', 'ReadWrite']
const DISK_KINDS = ['Dedicated', 'Managed', 'Shared']
const MANAGED_URI =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

function validateAzureDisk(path: string, source: AzureDiskVolumeSource): FieldError[] {
  const { cachingMode, kind, diskURI } = source
  const errors: FieldError[] = []
  if (cachingMode !== undefined && !CACHING_MODES.includes(cachingMode))
    errors.push(notSupported(`${path}.cachingMode`, cachingMode, CACHING_MODES))
  if (kind === undefined) return errors
  if (!DISK_KINDS.includes(kind)) errors.push(notSupported(`${path}.kind`, kind, DISK_KINDS))
  const [prefix, form] =
    kind === 'Managed' ? ['/subscriptions/', MANAGED_URI] : ['https://', BLOB_URI]
  if (!diskURI.startsWith(prefix)) errors.push(notSupported(`${path}.diskURI`, diskURI, [form]))
  return errors
}

function validateStorageOS(
  path: string,
  { volumeName, volumeNamespace }: StorageOSPersistentVolumeSource,
): readonly FieldError[] {
  return [
    ...needed(`${path}.volumeName`, volumeName, isDns1123Label),
    ...given(`${path}.volumeNamespace`, volumeNamespace, isDns1123Label),
  ]
}
