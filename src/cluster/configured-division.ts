/** How a KubeletConfiguration has the machine divided, where flags leave that to it. */
import { messageOf, UserError } from '#base/errors.ts'
import { divisionFlags, type ValuesOf } from '#cli'

type Division = Pick<ValuesOf<'kubelet'>, keyof typeof divisionFlags>
type Texts = Readonly<Record<string, string>>

/** The fields of a KubeletConfiguration that flags say, too. */
export interface DivisionFields {
  readonly cpuManagerPolicy?: string | undefined
  readonly cpuManagerPolicyOptions?: Texts | undefined
  readonly memoryManagerPolicy?: string | undefined
  readonly reservedMemory?:
    | readonly { readonly numaNode: number; readonly limits?: Texts | undefined }[]
    | undefined
  readonly topologyManagerPolicy?: string | undefined
  readonly topologyManagerScope?: string | undefined
  readonly reservedSystemCPUs?: string | undefined
  readonly systemReserved?: Texts | undefined
  readonly kubeReserved?: Texts | undefined
}

export const DIVISION_FIELDS = [
  ...['cpuManagerPolicy', 'cpuManagerPolicyOptions', 'memoryManagerPolicy', 'reservedMemory'],
  ...['topologyManagerPolicy', 'topologyManagerScope'],
  ...['reservedSystemCPUs', 'systemReserved', 'kubeReserved'],
]

const list = (texts: Texts = {}) =>
  Object.entries(texts)
    .map(([name, text]) => `${name}=${text}`)
    .join(',')

/** Throws a UserError that names the field. A flag that says what holds anyway counts as none. */
export function dividedBy(values: Division, fields: DivisionFields): Division {
  const said: Readonly<Record<keyof Division, readonly [field: string, text: string | undefined]>> =
    {
      cpuManagerPolicy: ['cpuManagerPolicy', fields.cpuManagerPolicy],
      cpuManagerPolicyOptions: ['cpuManagerPolicyOptions', list(fields.cpuManagerPolicyOptions)],
      memoryManagerPolicy: ['memoryManagerPolicy', fields.memoryManagerPolicy],
      reservedMemory: [
        'reservedMemory',
        fields.reservedMemory
          ?.map(({ numaNode, limits }) => `${numaNode}:${list(limits)}`)
          .join(';'),
      ],
      topologyManagerPolicy: ['topologyManagerPolicy', fields.topologyManagerPolicy],
      topologyManagerScope: ['topologyManagerScope', fields.topologyManagerScope],
      reservedCpus: ['reservedSystemCPUs', fields.reservedSystemCPUs],
      systemReserved: ['systemReserved', list(fields.systemReserved)],
      kubeReserved: ['kubeReserved', list(fields.kubeReserved)],
    }
  const entries = Object.entries(said).map(([key, [field, text]]) => {
    const property = key as keyof Division
    const value = values[property]
    const isLeft =
      value instanceof Map ? value.size === 0 : value === divisionFlags[property].fallback
    return [property, isLeft && text ? read(property, field, text) : value]
  })
  return Object.fromEntries(entries) as unknown as Division
}

/** As the flag would be read. */
function read(property: keyof Division, field: string, text: string): unknown {
  try {
    return divisionFlags[property].parse(text)
  } catch (error) {
    const why = messageOf(error).replace(`--${divisionFlags[property].name}`, field)
    throw new UserError(`invalid kubelet configuration: ${why}`)
  }
}
