import { needed, wrong } from '../../core/v1/validation.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import { defineKind } from '../../machinery/kind.ts'
import {
  isDns1035Label,
  isDns1123Subdomain,
  isPathSegment,
  isPortNumber,
} from '../../machinery/names.ts'
import { type ApiService, apiServiceShape } from './api-service.schema.ts'

export type * from './api-service.schema.ts'

/** Above them there is room only for what upstream ranks itself. */
const MAXIMUM_GROUP_PRIORITY = 20_000
const MAXIMUM_VERSION_PRIORITY = 1_000
const STATUSES = ['True', 'False', 'Unknown']

export const apiService = defineKind<ApiService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  scope: 'Cluster',
  // Names end in a dot for the core group; see below.
  nameRule: wrongName,
  shape: apiServiceShape,
  prepareForCreate: draft => {
    draft.status = draft.spec.service ? {} : { conditions: [localCondition(draft)] }
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  prepareForStatusUpdate: (draft, { metadata }) => {
    const kept = draft.metadata as Record<string, unknown>
    for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const)
      if (metadata[field] === undefined) delete kept[field]
      else kept[field] = metadata[field]
  },
  validate: validateApiService,
  validateStatusUpdate: ({ status }) =>
    (status.conditions ?? []).flatMap(({ status: value }, index) =>
      STATUSES.includes(value)
        ? []
        : [notSupported(`status.conditions[${index}].status`, value, STATUSES)],
    ),
  columns: [
    nameColumn,
    column('Service', 'The service that serves it, or Local.', ({ spec: { service } }) =>
      service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local',
    ),
    column('Available', 'Whether it can be used, and why not.', availability),
    ageColumn,
  ],
  subresources: { status: true },
})

/** What this server serves itself can be used as soon as it is there. */
function localCondition({ metadata: { creationTimestamp } }: ApiService) {
  return {
    type: 'Available',
    status: 'True',
    ...(creationTimestamp ? { lastTransitionTime: creationTimestamp } : {}),
    reason: 'Local',
    message: 'Local APIServices are always available',
  }
}

function availability({ status: { conditions = [] } }: ApiService): string {
  const condition = conditions.find(({ type }) => type === 'Available')
  if (!condition) return 'Unknown'
  const { status, reason } = condition
  return status === 'True' || !reason ? status : `${status} (${reason})`
}

/** The same for prefixes, of which it can hold for none. */
function wrongName(name: string, { spec }: ApiService): readonly string[] {
  const { group = '', version = '' } = spec
  const wanted = `${version}.${group}`
  const wrong = isPathSegment(name)
  if (wrong.length > 0 || name === wanted) return wrong
  return [`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`]
}

function validateApiService({ spec }: ApiService): readonly FieldError[] {
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec
  const errors: FieldError[] = []
  if (group === '' && version !== 'v1')
    errors.push(
      required('spec.group', 'only v1 may have an empty group and it better be legacy kube'),
    )
  if (group !== '') errors.push(...wrong('spec.group', group, isDns1123Subdomain(group)))
  errors.push(
    ...wrong('spec.version', version, isDns1035Label(version)),
    ...ranked('spec.groupPriorityMinimum', groupPriorityMinimum, MAXIMUM_GROUP_PRIORITY),
    ...ranked('spec.versionPriority', versionPriority, MAXIMUM_VERSION_PRIORITY),
    ...(spec.service ? validateRemote(spec) : validateLocal(spec)),
  )
  return errors
}

function ranked(field: string, value: number, most: number): readonly FieldError[] {
  return value > 0 && value <= most
    ? []
    : [invalid(field, value, `must be positive and less than ${most}`)]
}

function validateLocal({ caBundle = '', insecureSkipTLSVerify }: ApiService['spec']): FieldError[] {
  const errors = []
  if (caBundle !== '') {
    const bytes = Math.floor((caBundle.replace(/=+$/, '').length * 3) / 4)
    const size = `${bytes} bytes`
    errors.push(invalid('spec.caBundle', size, 'local APIServices may not have a caBundle'))
  }
  if (insecureSkipTLSVerify)
    errors.push(
      invalid(
        'spec.insecureSkipTLSVerify',
        true,
        'local APIServices may not have insecureSkipTLSVerify',
      ),
    )
  return errors
}

function validateRemote(spec: ApiService['spec']): readonly FieldError[] {
  const { service: { namespace, name, port = 0 } = {}, caBundle, insecureSkipTLSVerify } = spec
  const problems = isPortNumber(port)
  const isContradiction = insecureSkipTLSVerify && caBundle
  return [
    ...needed('spec.service.namespace', namespace),
    ...needed('spec.service.name', name),
    ...(problems.length > 0
      ? [invalid('spec.service.port', port, `port is not valid: ${problems.join(', ')}`)]
      : []),
    ...(isContradiction
      ? [invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')]
      : []),
  ]
}
