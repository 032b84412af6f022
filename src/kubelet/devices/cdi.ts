/**
 * The Container Device Interface, for runtimes that do not know it: what the files of vendors say of a device becomes variables, devices and
 * mounts of the container. Hooks and the like only a runtime can do.
 */
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf } from '#base/errors.ts'
import type { Files } from '../host-access.ts'
import type { ContainerConfig, Mount } from '../runtime.ts'
import type { ContainerAdditions } from './container-additions.ts'

/** Later ones count more. */
const DIRECTORIES = ['/etc/cdi', '/var/run/cdi']
const FILE_LIMIT = 1000
const FILE_LIMIT_BYTES = 4 * 1024 * 1024

interface ContainerEdits {
  readonly env?: readonly string[]
  readonly deviceNodes?: readonly {
    readonly path: string
    readonly hostPath?: string
    readonly permissions?: string
  }[]
  readonly mounts?: readonly {
    readonly hostPath: string
    readonly containerPath: string
    readonly options?: readonly string[]
  }[]
  readonly hooks?: readonly unknown[]
  readonly intelRdt?: unknown
  readonly additionalGids?: readonly number[]
  readonly netDevices?: readonly unknown[]
}

interface Spec {
  /** Such as `vendor.com/gpu`. */
  readonly kind: string
  readonly devices?: readonly { readonly name: string; readonly containerEdits?: ContainerEdits }[]
  /** For whichever of its devices. */
  readonly containerEdits?: ContainerEdits
}

/** The same additions with nothing of CDI left in them. Throws where a device is unknown, or wants what can't be done here. */
export async function withoutCdi(
  additions: ContainerAdditions,
  files: Files,
  runtime: string,
): Promise<ContainerAdditions> {
  const { cdiDevices, ...rest } = additions
  if (cdiDevices.length === 0) return additions
  const { specs, problems } = await readSpecs(files)
  const edits: ContainerEdits[] = []
  const used = new Set<Spec>()
  const unknown: string[] = []
  for (const name of cdiDevices) {
    const found = findDevice(specs, name)
    if (!found) unknown.push(name)
    else {
      if (!used.has(found.spec) && found.spec.containerEdits) edits.push(found.spec.containerEdits)
      used.add(found.spec)
      if (found.device.containerEdits) edits.push(found.device.containerEdits)
    }
  }
  if (unknown.length > 0)
    throw new Error(
      [
        `unresolvable CDI devices ${unknown.join(', ')}: no file in ${DIRECTORIES.join(' or ')} has them`,
        ...problems,
      ].join('; '),
    )
  for (const edit of edits) refuseUndoable(edit, cdiDevices, runtime)
  return {
    ...rest,
    env: [...rest.env, ...edits.flatMap(({ env }) => (env ?? []).map(toVariable))],
    devices: [
      ...rest.devices,
      ...edits.flatMap(({ deviceNodes }) => (deviceNodes ?? []).map(toDevice)),
    ],
    mounts: [...rest.mounts, ...edits.flatMap(({ mounts }) => (mounts ?? []).map(toMount))],
    cdiDevices: [],
  }
}

function refuseUndoable(edits: ContainerEdits, names: readonly string[], runtime: string): void {
  const { hooks, intelRdt, additionalGids, netDevices } = edits
  const undoable = [
    ...(hooks?.length ? ['hooks'] : []),
    ...(intelRdt ? ['intelRdt'] : []),
    ...(additionalGids?.length ? ['additionalGids'] : []),
    ...(netDevices?.length ? ['netDevices'] : []),
  ]
  if (undoable.length === 0) return
  throw new Error(
    `the CDI devices ${names.join(', ')} want ${undoable.join(' and ')}, which need containerd 1.7 or newer; here is ${runtime}`,
  )
}

/** What can't be read may be of another vendor, and is a problem of those alone who look for what is in it. */
async function readSpecs(files: Files) {
  const specs: Spec[] = []
  const problems: string[] = []
  for (const directory of DIRECTORIES)
    for (const name of (await files.names(directory)).toSorted().slice(0, FILE_LIMIT)) {
      if (!/\.(json|ya?ml)$/.test(name)) continue
      const bytes = await files.read(`${directory}/${name}`, FILE_LIMIT_BYTES)
      if (!bytes) continue
      try {
        const spec = (
          name.endsWith('.json') ? JSON.parse(Buffer.from(bytes).toString()) : parseYaml(bytes)
        ) as Spec | undefined
        if (typeof spec?.kind !== 'string') continue
        if (!Array.isArray(spec.devices ?? [])) throw new Error('its devices are no list')
        specs.unshift(spec)
      } catch (error) {
        problems.push(`${directory}/${name} can not be read: ${messageOf(error)}`)
      }
    }
  return { specs, problems }
}

function findDevice(specs: readonly Spec[], qualified: string) {
  const cut = qualified.lastIndexOf('=')
  const kind = qualified.slice(0, cut)
  const name = qualified.slice(cut + 1)
  for (const spec of specs) {
    const device = spec.kind === kind && spec.devices?.find(each => each.name === name)
    if (device) return { spec, device }
  }
  return undefined
}

function toVariable(text: string): ContainerConfig['env'][number] {
  const cut = text.indexOf('=')
  return cut < 0
    ? { name: text, value: '' }
    : { name: text.slice(0, cut), value: text.slice(cut + 1) }
}

const toDevice = ({
  path,
  hostPath,
  permissions,
}: NonNullable<ContainerEdits['deviceNodes']>[number]) => ({
  hostPath: hostPath || path,
  containerPath: path,
  permissions: permissions || 'rwm',
})

const toMount = ({
  hostPath,
  containerPath,
  options = [],
}: NonNullable<ContainerEdits['mounts']>[number]): Mount => ({
  ...{ hostPath, containerPath },
  readOnly: options.includes('ro'),
  propagation: 'private',
})
