import { notNegative, wrong } from '../../core/v1/validation.ts'
import { duplicate, type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { immutableStruct } from '../../machinery/go-shown.ts'
import { isQualifiedName, utf8Length } from '../../machinery/names.ts'
import type { ObjectShape } from '../../machinery/schema.ts'
import type { CSINode, CSINodeDriver } from './csi-node.ts'
import { validateDriverName } from './validation.ts'

const MAXIMUM_NODE_ID_BYTES = 256

export function validateCSINode({ spec }: CSINode): readonly FieldError[] {
  const names = new Set<string>()
  return spec.drivers.flatMap((driver, index) => {
    const path = `spec.drivers[${index}]`
    const errors = validateDriver(path, driver)
    const again = names.has(driver.name) ? [duplicate(`${path}.name`, driver.name)] : []
    names.add(driver.name)
    return [...errors, ...again, ...validateTopologyKeys(path, driver.topologyKeys)]
  })
}

/** A driver may come and go, but only the number of its volumes changes while it is there. */
export function validateCSINodeUpdate(
  next: CSINode,
  previous: CSINode,
  driverShape: ObjectShape,
): readonly FieldError[] {
  const before = new Map(previous.spec.drivers.map(driver => [driver.name, driver]))
  return next.spec.drivers.flatMap(({ allocatable: _, ...driver }) => {
    const old = before.get(driver.name)
    if (!old) return []
    const { allocatable: __, ...kept } = old
    return immutableStruct('spec.drivers', driverShape, driver, kept)
  })
}

function validateDriver(path: string, driver: CSINodeDriver): readonly FieldError[] {
  const { name, nodeID, allocatable } = driver
  const errors = [...validateDriverName(`${path}.name`, name)]
  if (!nodeID) errors.push(required(`${path}.nodeID`))
  if (utf8Length(nodeID) > MAXIMUM_NODE_ID_BYTES)
    errors.push(invalid(`${path}.nodeID`, nodeID, 'must be 256 characters or less'))
  return [...errors, ...notNegative(`${path}.allocatable.count`, allocatable?.count)]
}

/** Upstream reports the keys at the driver, not at the list. */
function validateTopologyKeys(path: string, keys: readonly string[]): readonly FieldError[] {
  return keys.flatMap((key, index) => [
    ...(key === '' ? [required(path)] : []),
    ...(keys.indexOf(key) === index ? [] : [duplicate(path, key)]),
    ...wrong(path, key, isQualifiedName(key)),
  ])
}
