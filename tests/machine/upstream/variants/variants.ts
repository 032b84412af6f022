/** What each kind is begun with: the small object of its fixture, then its variants. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { PlainObject } from '#api/machinery/plain.ts'
import {
  bodyOf,
  fixtureOf,
  nameOf,
  titleOf,
} from '../../../../src/apiserver/all-kinds/testing/objects.ts'
import { admissionVariants } from './admission.ts'
import { coreVariants } from './core.ts'
import { definitionVariants } from './definitions.ts'
import { deviceVariants } from './devices.ts'
import { groupVariants } from './groups.ts'
import { scalingVariants } from './scaling.ts'
import type { Variant, Variants } from './variant.ts'
import { podVariants } from './workloads.ts'

const variants: Variants = {
  ...podVariants,
  ...coreVariants,
  ...groupVariants,
  ...scalingVariants,
  ...admissionVariants,
  ...definitionVariants,
  ...deviceVariants,
}

export interface Beginning {
  readonly title: string
  readonly name: string
  /** All of it but `apiVersion`, `kind` and `metadata`. */
  readonly content: PlainObject
  readonly change: object
  readonly status: PlainObject | undefined
}

export function beginningsOf(kind: AnyKind): readonly Beginning[] {
  const fixture = fixtureOf(kind)
  const { apiVersion: _, kind: __, metadata: ___, ...content } = bodyOf(kind, nameOf(kind, 1))
  const small: Variant = { title: 'small', object: content, change: fixture.change }
  return [small, ...(variants[titleOf(kind)] ?? [])].map((variant, at) => ({
    title: variant.title,
    name: nameOf(kind, at + 1),
    content: structuredClone(variant.object) as PlainObject,
    change: variant.change ?? fixture.change,
    status: (variant.status ?? fixture.status) as PlainObject | undefined,
  }))
}
