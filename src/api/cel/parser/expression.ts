/** What an expression is made of, once it is read. Places are those at which something wrong with a part is shown. */

interface Part<K extends string> {
  readonly kind: K
  /** In code points. */
  readonly at: number
}

export type ConstantType = 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'null'

export interface Constant extends Part<'constant'> {
  readonly type: ConstantType
  readonly value: boolean | bigint | number | string | null
}

export interface Name extends Part<'name'> {
  readonly name: string
}

export interface Field extends Part<'field'> {
  readonly of: Expression
  readonly field: string
  /** Asks whether it is there. */
  readonly isTest: boolean
}

export interface Call extends Part<'call'> {
  readonly name: string
  /** What a method is called upon. */
  readonly target?: Expression | undefined
  readonly args: readonly Expression[]
}

export interface Item {
  readonly value: Expression
  /** Left out where it is not there. */
  readonly isOptional: boolean
}

export interface List extends Part<'list'> {
  readonly items: readonly Item[]
}

export interface Entry extends Item {
  readonly at: number
  readonly key: Expression
}

export interface MapOf extends Part<'map'> {
  readonly entries: readonly Entry[]
}

export interface FieldValue extends Item {
  readonly at: number
  readonly name: string
}

export interface Message extends Part<'message'> {
  readonly type: string
  readonly fields: readonly FieldValue[]
}

/** What macros come to: something is gathered while going through a range. */
export interface Loop extends Part<'loop'> {
  readonly range: Expression
  readonly names: readonly string[]
  readonly gathered: string
  readonly start: Expression
  readonly condition: Expression
  readonly step: Expression
  readonly result: Expression
}

/** The same again in another place; it has types of its own. */
export interface Copy extends Part<'copy'> {
  readonly of: Expression
}

export type Expression =
  | Constant
  | Name
  | Field
  | Call
  | List
  | MapOf
  | Message
  | Loop
  | Copy
  /** Nothing could be read; something is complained of. */
  | Part<'nothing'>

/** The parts right below, as they are written. */
export function partsOf(part: Expression): readonly Expression[] {
  switch (part.kind) {
    case 'field':
      return [part.of]
    case 'call':
      return part.target ? [part.target, ...part.args] : part.args
    case 'list':
      return part.items.map(({ value }) => value)
    case 'map':
      return part.entries.flatMap(({ key, value }) => [key, value])
    case 'message':
      return part.fields.map(({ value }) => value)
    case 'loop':
      return [part.range, part.start, part.condition, part.step, part.result]
    default:
      return []
  }
}
