import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import type { RoleRef, Subject } from './rules.ts'

/** Roles show when they were made instead of how old they are. */
export const createdAtColumn: Column<KubernetesObject> = column(
  'Created At',
  'When the role was created.',
  object => object.metadata.creationTimestamp ?? null,
  { type: 'date' },
)

type Binding = KubernetesObject & { subjects?: Subject[]; roleRef: RoleRef }

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  column('Role', 'The role that is granted.', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  subjectsColumn('Users', 'User', ({ name }) => name),
  subjectsColumn('Groups', 'Group', ({ name }) => name),
  subjectsColumn(
    'ServiceAccounts',
    'ServiceAccount',
    ({ namespace = '', name }) => `${namespace}/${name}`,
  ),
]

function subjectsColumn(name: string, kind: string, shown: (subject: Subject) => string) {
  const cell = ({ subjects = [] }: Binding) =>
    subjects
      .filter(subject => subject.kind === kind)
      .map(shown)
      .join(', ')
  return column<Binding>(name, `The role is granted to these ${kind}s.`, cell, { priority: 1 })
}
