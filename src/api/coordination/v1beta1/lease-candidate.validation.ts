import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { OLDEST_EMULATION_VERSION, validateStrategy } from '../v1/strategy.ts'
import type { LeaseCandidate } from './lease-candidate.ts'
import { compareSemanticVersions, parseSemanticVersion } from './semantic-version.ts'

const NOT_A_VERSION = 'must be a valid semantic version'
const ZERO = { numbers: [0n, 0n, 0n], preRelease: [] } as const

export function validateLeaseCandidate({ spec }: LeaseCandidate): readonly FieldError[] {
  const { leaseName, binaryVersion, emulationVersion = '', strategy } = spec
  const errors: FieldError[] = leaseName ? [] : [required('spec.leaseName')]
  const emulation = parseSemanticVersion(emulationVersion)
  if (emulationVersion && !emulation)
    errors.push(invalid('spec.emulationVersion', emulationVersion, NOT_A_VERSION))
  const binary = parseSemanticVersion(binaryVersion)
  if (!binaryVersion) errors.push(required('spec.binaryVersion'))
  else if (!binary) errors.push(invalid('spec.binaryVersion', binaryVersion, NOT_A_VERSION))
  const isGiven = binaryVersion !== '' && emulationVersion !== ''
  // What is no version counts as zero here, as upstream.
  if (isGiven && compareSemanticVersions(binary ?? ZERO, emulation ?? ZERO) < 0)
    errors.push(
      invalid(
        'spec.binaryVersion',
        binaryVersion,
        'must be greater than or equal to `emulationVersion`',
      ),
    )
  if (!strategy) return [...errors, required('spec.strategy')]
  const isZero = compareSemanticVersions(emulation ?? ZERO, ZERO) === 0
  if (strategy === OLDEST_EMULATION_VERSION && isZero)
    errors.push(
      required(
        'spec.emulationVersion',
        "must be specified when `strategy` is 'OldestEmulationVersion'",
      ),
    )
  return [...errors, ...validateStrategy(strategy)]
}
