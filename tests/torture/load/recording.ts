/** The history of one run, as it is being made. */
import type {
  Answer,
  Asked,
  Delivery,
  History,
  Operation,
  Watch,
  WatchPart,
} from '../../../src/simulation/checkers/checkers.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

export type RecordedPart = Writable<Omit<WatchPart, 'deliveries'>> & {
  readonly deliveries: Delivery[]
}
export type RecordedWatch = Writable<Omit<Watch, 'parts'>> & { readonly parts: RecordedPart[] }

export class Recording implements History {
  readonly operations: Operation[] = []
  readonly watches: RecordedWatch[] = []
  #ticks = 0

  tick(): number {
    return ++this.#ticks
  }

  begin(client: number, asked: Asked): Writable<Operation> {
    const operation: Writable<Operation> = { client, asked, began: this.tick() }
    this.operations.push(operation)
    return operation
  }

  end(operation: Writable<Operation>, answer: Answer): void {
    operation.answer = answer
    operation.ended = this.tick()
  }

  counts() {
    const { operations, watches } = this
    const parts = watches.flatMap(watch => watch.parts)
    return {
      operations: operations.length,
      unanswered: operations.filter(({ answer }) => !answer).length,
      refused: operations.filter(({ answer }) => answer?.kind === 'refused').length,
      watches: watches.length,
      connections: parts.length,
      deliveries: parts.reduce((sum, { deliveries }) => sum + deliveries.length, 0),
      expired: parts.filter(({ isExpired }) => isExpired).length,
    }
  }
}

export function countsIn(recording: Recording): string {
  return Object.entries(recording.counts())
    .map(([what, count]) => `${count} ${what}`)
    .join(', ')
}
