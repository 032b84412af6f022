/** What roles tell of themselves, under the names that dashboards of Kubernetes read. */
import type { FigureBook } from '#base/figures.ts'
import type { LedRole } from './led-role.ts'

/** Which of several processes leads, by its Lease. */
export const showLeading = (book: FigureBook, led: readonly LedRole[]): void =>
  book.gauge('leader_election_master_status', 'Whether this process leads: 1, or waits: 0.', () =>
    led.map(({ name, isLeading }) => ({ labels: { name }, value: isLeading ? 1 : 0 })),
  )
