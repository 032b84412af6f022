/** Objects of any kind, looked at as plain data. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'

export type Fields = Readonly<Record<string, unknown>>

export const fieldsOf = (value: unknown): Fields => (isPlainObject(value) ? value : {})

const partOf = (object: KubernetesObject, part: string): Fields =>
  fieldsOf((object as unknown as Fields)[part])

export const specOf = (object: KubernetesObject): Fields => partOf(object, 'spec')
export const statusOf = (object: KubernetesObject): Fields => partOf(object, 'status')

/** `spec.replicas`, which defaults to one. */
export const replicasOf = (object: KubernetesObject): number => Number(specOf(object).replicas ?? 1)

export const without = (value: unknown, keys: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fieldsOf(value)).filter(([key]) => !keys.includes(key)))
