/**
 * What a client may leave out of an object that it creates. A kind's type says what an object that was read has: `resources: {}` of a container, say,
 * is always there, because JSON always shows it; nobody has to write it. So parts that are objects may be left out, at any depth, and what is a
 * number or a name, such as a `targetPort`; the server says it where one is needed after all. Texts, numbers and lists are asked for as the kind says.
 */
import type { ObjectOf } from './kind.ts'

/** An object of kind `K` as it may be given to `create`. */
export type NewObject<K> = Partial<GivenFields<ObjectOf<K>>>

type GivenFields<T> = {
  readonly [P in keyof T as IsPart<T[P]> extends true ? never : P]: Given<T[P]>
} & { readonly [P in keyof T as IsPart<T[P]> extends true ? P : never]?: Given<T[P]> | undefined }

/** True of objects with fields, neither lists nor values, and of numbers that may be names. */
type IsPart<T> = unknown extends T
  ? false
  : [string | number] extends [NonNullable<T>]
    ? true
    : [NonNullable<T>] extends [object]
      ? [NonNullable<T>] extends [readonly unknown[]]
        ? false
        : true
      : false

type Given<T> = unknown extends T
  ? T
  : T extends readonly (infer I)[]
    ? readonly Given<I>[]
    : T extends object
      ? GivenFields<T>
      : T
