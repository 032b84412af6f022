import { needed } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { immutableStruct } from '../../machinery/go-shown.ts'
import { type ObjectMeta, objectMeta } from '../../machinery/metadata.ts'
import { isDns1123Subdomain } from '../../machinery/names.ts'
import { validateAnnotations, validateLabels } from '../../machinery/validate-metadata.ts'
import type { DeviceClaimConfiguration, DeviceConstraint } from './configuration.schema.ts'
import type { DeviceRequest, DeviceSubRequest, ExactDeviceRequest } from './requests.schema.ts'
import type {
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
} from './resource-claim.schema.ts'
import { resourceClaimSpec, resourceClaimTemplateSpec } from './resource-claim.schema.ts'
import {
  MAXIMUM_CLAIM_PARTS,
  validateConfiguration,
  validateFullAttributeName,
  validateLabelName,
  validateList,
  validateSelectors,
  validateSet,
  validateToleration,
} from './validation.ts'

const MAXIMUM_ALTERNATIVES = 8
const MAXIMUM_TOLERATIONS = 16

export const validateClaim = ({ spec }: ResourceClaim) => validateClaimSpec('spec', spec)

export const validateClaimUpdate = (next: ResourceClaim, previous: ResourceClaim) =>
  immutableStruct('spec', resourceClaimSpec, next.spec, previous.spec)

export function validateTemplate({ spec }: ResourceClaimTemplate): readonly FieldError[] {
  return [
    ...validateLabels('spec.metadata.labels', spec.metadata.labels),
    ...validateAnnotations('spec.metadata.annotations', spec.metadata.annotations),
    ...ownMetadata(spec.metadata),
    ...validateClaimSpec('spec.spec', spec.spec),
  ]
}

const METADATA_OF_CLAIM = (Object.keys(objectMeta.fields) as (keyof ObjectMeta)[]).filter(
  name => name !== 'labels' && name !== 'annotations',
)

/** A claim that is made from a template has a name and the rest of its own. */
function ownMetadata(metadata: Readonly<ObjectMeta>): readonly FieldError[] {
  return METADATA_OF_CLAIM.filter(name => metadata[name])
    .map(name => (name === 'uid' ? 'uID' : name))
    .map(name => forbidden(`spec.metadata.${name}`, 'cannot be set'))
}

export const validateTemplateUpdate = (
  next: ResourceClaimTemplate,
  previous: ResourceClaimTemplate,
) => {
  // What is stored is not judged again.
  const errors = immutableStruct('spec', resourceClaimTemplateSpec, next.spec, previous.spec)
  return errors.length === 0 ? [] : [...validateTemplate(next), ...errors]
}

function validateClaimSpec(path: string, { devices }: ResourceClaimSpec): readonly FieldError[] {
  const names = requestNames(devices.requests)
  return [
    ...validateSet(`${path}.devices.requests`, devices.requests, {
      most: MAXIMUM_CLAIM_PARTS,
      keyOf: request => request.name,
      check: (request, at) => validateRequest(at, request),
    }),
    ...validateList(
      `${path}.devices.constraints`,
      devices.constraints,
      MAXIMUM_CLAIM_PARTS,
      (constraint, at) => validateConstraint(at, constraint, names),
    ),
    ...validateList(`${path}.devices.config`, devices.config, MAXIMUM_CLAIM_PARTS, (config, at) =>
      validateClaimConfiguration(at, config, names),
    ),
  ]
}

/** Every name by which a part of the claim can be meant: `main`, and `main/sub` of alternatives. */
export function requestNames(requests: readonly DeviceRequest[]): ReadonlySet<string> {
  return new Set(
    requests.flatMap(({ name, firstAvailable = [] }) => [
      name,
      ...firstAvailable.map(sub => `${name}/${sub.name}`),
    ]),
  )
}

const ONE_OF = 'exactly one of `exactly` or `firstAvailable` is required'

function validateRequest(path: string, request: DeviceRequest): readonly FieldError[] {
  const { name, exactly, firstAvailable = [] } = request
  const errors = [...validateLabelName(`${path}.name`, name)]
  if (exactly && firstAvailable.length > 0)
    errors.push(invalid(path, undefined, `${ONE_OF}, but multiple fields are set`))
  else if (exactly) errors.push(...validateDevices(`${path}.exactly`, exactly))
  else if (firstAvailable.length === 0) errors.push(required(path, ONE_OF))
  else
    errors.push(
      ...validateSet(`${path}.firstAvailable`, firstAvailable, {
        most: MAXIMUM_ALTERNATIVES,
        keyOf: sub => sub.name,
        check: (sub, at) => [
          ...validateLabelName(`${at}.name`, sub.name),
          ...validateDevices(at, sub),
        ],
      }),
    )
  return errors
}

function validateDevices(
  path: string,
  request: ExactDeviceRequest | DeviceSubRequest,
): readonly FieldError[] {
  return [
    ...needed(`${path}.deviceClassName`, request.deviceClassName, isDns1123Subdomain),
    ...validateSelectors(`${path}.selectors`, request.selectors, 'fresh'),
    ...validateMode(path, request),
    ...validateList(
      `${path}.tolerations`,
      request.tolerations,
      MAXIMUM_TOLERATIONS,
      (toleration, at) => validateToleration(at, toleration),
    ),
  ]
}

function validateMode(
  path: string,
  { allocationMode, count = 0 }: ExactDeviceRequest | DeviceSubRequest,
): readonly FieldError[] {
  if (allocationMode === 'All') {
    if (count === 0) return []
    return [invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'")]
  }
  if (allocationMode === 'ExactCount')
    return count > 0 ? [] : [invalid(`${path}.count`, count, 'must be greater than zero')]
  return [notSupported(`${path}.allocationMode`, allocationMode, ['All', 'ExactCount'])]
}

function validateConstraint(
  path: string,
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  names: ReadonlySet<string>,
): readonly FieldError[] {
  const errors = [...validateReferences(`${path}.requests`, requests, names)]
  if (matchAttribute !== undefined)
    errors.push(...validateFullAttributeName(`${path}.matchAttribute`, matchAttribute))
  else if (distinctAttribute !== undefined)
    errors.push(...validateFullAttributeName(`${path}.distinctAttribute`, distinctAttribute))
  // The words are upstream's, though nothing is set here.
  else
    errors.push(
      required(
        path,
        'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      ),
    )
  return errors
}

function validateClaimConfiguration(
  path: string,
  config: DeviceClaimConfiguration,
  names: ReadonlySet<string>,
): readonly FieldError[] {
  return [
    ...validateReferences(`${path}.requests`, config.requests, names),
    ...validateConfiguration(path, config, 'fresh'),
  ]
}

/** A list of names of requests, each once. */
export function validateReferences(
  path: string,
  references: readonly string[] | undefined,
  names: ReadonlySet<string>,
): readonly FieldError[] {
  return validateSet(path, references, {
    most: MAXIMUM_CLAIM_PARTS,
    keyOf: name => name,
    check: (name, at) => validateReference(at, name, names),
  })
}

const UNKNOWN_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

export function validateReference(
  path: string,
  name: string,
  names: ReadonlySet<string>,
): readonly FieldError[] {
  const segments = name.split('/')
  if (segments.length > 2) return [invalid(path, name, UNKNOWN_REQUEST)]
  const errors = segments.flatMap(segment => validateLabelName(path, segment))
  return names.has(name) ? errors : [...errors, invalid(path, name, UNKNOWN_REQUEST)]
}
