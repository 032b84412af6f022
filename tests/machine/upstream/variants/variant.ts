/** An object to begin with, where one of a kind cannot have all fields at once. */
import type { Plain } from '../../../../src/apiserver/all-kinds/testing/fixture.ts'

export interface Variant {
  /** What it has that the others of its kind have not. */
  readonly title: string
  readonly object: Plain
  /** Where that of the kind's fixture does not suit it. */
  readonly change?: Plain
  readonly status?: Plain
}

/** Of kinds, by `apiVersion kind`. */
export type Variants = Readonly<Record<string, readonly Variant[]>>
