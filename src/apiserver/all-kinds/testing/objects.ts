/** One small valid object of every kind that is stored, by `apiVersion kind`, and one change of it that is allowed. */
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import { admissionObjects } from './admission.ts'
import { coreObjects } from './core.ts'
import { deviceObjects } from './devices.ts'
import type { Fixture, Plain } from './fixture.ts'
import { groupObjects } from './groups.ts'

export const objects: Readonly<Record<string, Fixture>> = {
  ...coreObjects,
  ...groupObjects,
  ...deviceObjects,
  ...admissionObjects,
}

export const titleOf = (kind: AnyKind) => `${apiVersionOf(kind)} ${kind.kind}`

export function fixtureOf(kind: AnyKind): Fixture {
  const fixture = objects[titleOf(kind)]
  if (!fixture) throw new Error(`${titleOf(kind)} has no object in all-kinds/testing`)
  return fixture
}

export function nameOf(kind: AnyKind, number: number): string {
  return fixtureOf(kind).nameOf?.(number) ?? `web-${number}`
}

/** The body that creates the kind's object of that name. */
export function bodyOf(kind: AnyKind, name: string, metadata: Plain = {}): Plain {
  const { object } = fixtureOf(kind)
  const content = structuredClone(typeof object === 'function' ? object(name) : object)
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, ...metadata },
    ...content,
  }
}
