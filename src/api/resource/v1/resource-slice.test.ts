import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { compileFieldSelector } from '../../machinery/field-selector.ts'
import { resourceSlice } from './resource-slice.ts'

const pool = { name: 'node-1', generation: 1, resourceSliceCount: 1 }
const sliceOf = (spec: object) => ({
  spec: { driver: 'gpu.example.com', pool, nodeName: 'node-1', ...spec },
})
const problemsOf = (spec: object) =>
  lines(resourceSlice.validateCreate(created(resourceSlice, sliceOf(spec))))
const deviceProblems = (device: object, spec: object = {}) =>
  problemsOf({ devices: [{ name: 'gpu-0', ...device }], ...spec })

test('driver and pool are named, and exactly one way tells the nodes', () => {
  assert.deepEqual(problemsOf({}), [])
  const term = { matchExpressions: [{ key: 'gpu', operator: 'Exists' }] }
  const one =
    'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  const cases: [object, string][] = [
    [{ driver: '' }, 'spec.driver: Required value'],
    [{ pool: { ...pool, name: '' } }, 'spec.pool.name: Required value'],
    [
      { pool: { ...pool, name: 'a'.repeat(254) } },
      'spec.pool.name: Too long: may not be more than 253 bytes',
    ],
    [
      { pool: { ...pool, resourceSliceCount: 0 } },
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
    ],
    [
      { pool: { ...pool, generation: -1 } },
      'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
    ],
    [{ nodeName: undefined }, `spec: Required value: ${one}`],
    [
      { allNodes: true },
      `spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${one}, but multiple fields are set`,
    ],
    [
      { allNodes: false },
      'spec.allNodes: Invalid value: false: must be either unset or set to true',
    ],
    [
      { nodeName: undefined, nodeSelector: { nodeSelectorTerms: [term, term] } },
      `spec.nodeSelector.nodeSelectorTerms: Invalid value: ${JSON.stringify([term, term])}: must have exactly one node selector term`,
    ],
  ]
  for (const [spec, expected] of cases) assert.ok(problemsOf(spec).includes(expected), expected)
  assert.match(
    problemsOf({ pool: { ...pool, name: 'a//b' } })[0] ?? '',
    /^spec\.pool\.name: Invalid value: "": a lowercase/,
  )
})

test('a slice has devices or counters, and not too many', () => {
  const counters = { memory: { value: '8Gi' } }
  const sharedCounters = [{ name: 'set', counters }]
  const devices = Array.from({ length: 129 }, (_, index) => ({ name: `gpu-${index}` }))
  const tainted = { ...devices[0], taints: [{ key: 'broken', effect: 'NoSchedule' }] }
  const cases: [object, string[]][] = [
    [{ sharedCounters }, []],
    [
      { sharedCounters, devices: devices.slice(0, 1) },
      ['spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'],
    ],
    [{ devices }, ['spec.devices: Too many: 129: must have at most 128 items']],
    [
      { devices: [tainted, ...devices.slice(1, 65)] },
      ['spec.devices: Too many: 65: must have at most 64 items'],
    ],
    [{ devices: [devices[0], devices[0]] }, ['spec.devices[1]: Duplicate value: "gpu-0"']],
    [
      { sharedCounters: [{ name: '', counters: {} }] },
      [
        'spec.sharedCounters[0].name: Required value',
        'spec.sharedCounters[0].counters: Required value',
      ],
    ],
    [
      { sharedCounters: Array(9).fill(sharedCounters[0]) },
      ['spec.sharedCounters: Too many: 9: must have at most 8 items'],
    ],
  ]
  for (const [spec, expected] of cases) assert.deepEqual(problemsOf(spec), expected)
  const many = Object.fromEntries(
    Array.from({ length: 33 }, (_, index) => [`c${index}`, { value: '1' }]),
  )
  assert.deepEqual(problemsOf({ sharedCounters: [{ name: 'set', counters: many }] }), [
    'spec.sharedCounters[0].counters: Too many: 33: must have at most 32 items',
  ])
})

test('attributes have one value, capacities and attributes fit together', () => {
  const cases: [object, string][] = [
    [
      { attributes: { a: {} } },
      'spec.devices[0].attributes[a]: Invalid value: "": exactly one value must be specified',
    ],
    [
      { attributes: { a: { int: 0, bool: false } } },
      'spec.devices[0].attributes[a]: Invalid value: {"int":0,"bool":false}: exactly one value must be specified',
    ],
    [
      { attributes: { a: { version: '1.0' } } },
      'spec.devices[0].attributes[a].version: Invalid value: "1.0": must be a string compatible with semver.org spec 2.0.0',
    ],
    [
      { attributes: { a: { string: 'x'.repeat(65) } } },
      'spec.devices[0].attributes[a].string: Too long: may not be more than 64 bytes',
    ],
    [
      { taints: Array(17).fill({ key: 'a', effect: 'None' }) },
      'spec.devices[0].taints: Too many: 17: must have at most 16 items',
    ],
    [
      { taints: [{ key: 'a', effect: 'Some' }] },
      'spec.devices[0].taints[0].effect: Unsupported value: "Some": supported values: "NoExecute", "NoSchedule", "None"',
    ],
    [
      { consumesCounters: [{ counterSet: 'set', counters: {} }] },
      'spec.devices[0].consumesCounters[0].counters: Required value',
    ],
    [
      { capacity: { memory: { value: '1', requestPolicy: { default: '1' } } } },
      'spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true',
    ],
    [
      { nodeName: 'node-2' },
      'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ],
  ]
  for (const [device, expected] of cases) assert.deepEqual(deviceProblems(device), [expected])
  for (const version of ['1.2.3', '1.0.0-alpha.1+build.5', '10.20.30-0a'])
    assert.deepEqual(deviceProblems({ attributes: { v: { version } } }), [])
  const attributes = Object.fromEntries(
    Array.from({ length: 33 }, (_, index) => [`a${index}`, { int: 1 }]),
  )
  assert.deepEqual(deviceProblems({ attributes }), [
    'spec.devices[0]: Invalid value: 33: the total number of attributes and capacities must not exceed 32',
  ])
  // A name that is too long is shown shortened where it is a part of a path.
  const [, text = ''] = deviceProblems({ attributes: { ['x'.repeat(200)]: {} } }).reverse()
  assert.match(text, /attributes: Invalid value: "x{200}"|attributes: Too long/)
})

test('devices tell their nodes where the slice leaves it to them', () => {
  const spec = { nodeName: undefined, perDeviceNodeSelection: true }
  const one =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  assert.deepEqual(deviceProblems({ allNodes: true }, spec), [])
  assert.deepEqual(deviceProblems({}, spec), [`spec.devices[0]: Required value: ${one}`])
  assert.deepEqual(deviceProblems({ allNodes: true, nodeName: 'a' }, spec), [
    `spec.devices[0]: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${one}`,
  ])
})

test('conditions for binding come in pairs', () => {
  const at = 'spec.devices[0]'
  const of = (bindingConditions: string[], bindingFailureConditions: string[]) =>
    deviceProblems({ bindingConditions, bindingFailureConditions })
  assert.deepEqual(of(['Ready'], ['Failed']), [])
  assert.deepEqual(of([], ['Failed']), [
    `${at}.bindingConditions: Invalid value: null: bindingConditions are required to use bindingFailureConditions`,
  ])
  assert.deepEqual(of(['A', 'A'], ['A']), [
    `${at}.bindingConditions[1]: Duplicate value: "A"`,
    `${at}.bindingFailureConditions[0]: Invalid value: "A": bindingFailureConditions must not overlap with bindingConditions`,
  ])
  assert.deepEqual(of(['A', 'B', 'C', 'D', 'E'], ['X']), [
    `${at}.bindingConditions: Too many: 5: must have at most 4 items`,
  ])
})

test('shared capacities are taken in allowed amounts', () => {
  const policy = (requestPolicy: object) =>
    deviceProblems({
      allowMultipleAllocations: true,
      capacity: { memory: { value: '8Gi', requestPolicy } },
    })
  const at = 'spec.devices[0].capacity[memory].requestPolicy'
  const validRange = { min: '1Gi', max: '5Gi', step: '2Gi' }
  const cases: [object, string[]][] = [
    [{ default: '1Gi', validValues: ['1Gi', '2Gi'] }, []],
    [{ default: '1Gi', validRange }, []],
    [
      { default: '1Gi', validValues: ['1Gi'], validRange },
      [
        `${at}: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`,
      ],
    ],
    [
      { default: '1Gi', validRange: { max: '9Gi' } },
      [`${at}.validRange.min: Required value: required when validRange is defined`],
    ],
    [{ validRange }, [`${at}.default: Required value: required when validRange is defined`]],
    [
      { validValues: ['1Gi'] },
      [`${at}.default: Required value: required when validValues is defined`],
    ],
    [
      { default: '3Gi', validValues: ['2Gi', '1Gi', '1024Mi', '9Gi'] },
      [
        `${at}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
        `${at}.validValues[3]: Invalid value: "9Gi": option is larger than capacity value: 8Gi`,
        `${at}.validValues[2]: Duplicate value: "1073741824"`,
        `${at}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy`,
      ],
    ],
    [
      { default: '1Gi', validRange: { min: '2Gi', max: '1Gi' } },
      [
        `${at}.validRange.min: Invalid value: "1Gi": default is less than min: 2Gi`,
        `${at}.validRange.max: Invalid value: "2Gi": min is larger than max: 1Gi`,
      ],
    ],
    [
      { default: '10Gi', validRange: { min: '9Gi', max: '9Gi' } },
      [
        `${at}.validRange.min: Invalid value: "9Gi": min is larger than capacity value: 8Gi`,
        `${at}.validRange.max: Invalid value: "9Gi": max is larger than capacity value: 8Gi`,
        `${at}.validRange.max: Invalid value: "10Gi": default is more than max: 9Gi`,
      ],
    ],
    [
      { default: '2Gi', validRange: { min: '1Gi', max: '4Gi', step: '2Gi' } },
      [
        `${at}.validRange.step: Invalid value: "2Gi": value is not a multiple of a given step (2Gi) from (1Gi)`,
        `${at}.validRange.step: Invalid value: "4Gi": value is not a multiple of a given step (2Gi) from (1Gi)`,
      ],
    ],
    [
      { default: '1Gi', validRange: { min: '1Gi', step: '8Gi' } },
      [
        `${at}.validRange.step: Invalid value: "8Gi": one step 9Gi is larger than capacity value: 8Gi`,
      ],
    ],
    [
      { default: '1Gi', validRange: { min: '1Gi', step: '0' } },
      [`${at}.validRange.step: Invalid value: "0": must be greater than zero`],
    ],
  ]
  for (const [requestPolicy, expected] of cases) assert.deepEqual(policy(requestPolicy), expected)
})

test('a policy needs a device that may be shared, also where that changes alone', () => {
  const device = (allowMultipleAllocations: boolean) => ({
    name: 'a',
    allowMultipleAllocations,
    capacity: { memory: { value: '8Gi', requestPolicy: { default: '1Gi' } } },
  })
  const previous = created(resourceSlice, sliceOf({ devices: [device(true)] }))
  const next = updated(resourceSlice, previous, sliceOf({ devices: [device(false)] }))
  assert.deepEqual(lines(resourceSlice.validateUpdate(next, previous)), [
    'spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true',
  ])
})

test('who publishes a slice, and for which node, never changes', () => {
  const previous = created(resourceSlice, sliceOf({}))
  const problems = (spec: object) =>
    lines(resourceSlice.validateUpdate(updated(resourceSlice, previous, sliceOf(spec)), previous))
  assert.deepEqual(problems({ devices: [{ name: 'a' }] }), [])
  assert.deepEqual(problems({ driver: 'other.example.com' }), [
    'spec.driver: Invalid value: "other.example.com": field is immutable',
  ])
  assert.deepEqual(problems({ driver: '', nodeName: undefined }), [
    'spec.driver: Required value',
    'spec.driver: Invalid value: "": field is immutable',
    'spec.nodeName: Invalid value: null: field is immutable',
    'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
  ])
  assert.deepEqual(problems({ nodeName: 'node-2' }), [
    'spec.nodeName: Invalid value: "node-2": field is immutable',
  ])
  assert.deepEqual(problems({ pool: { ...pool, name: 'other' } }), [
    'spec.pool.name: Invalid value: "other": field is immutable',
  ])
})

test('taints and capacities that are stored are not judged again', () => {
  const devices = [{ name: 'a', taints: [{ key: 'x', effect: 'Newer' }] }]
  const previous = created(resourceSlice, sliceOf({ devices }))
  const next = updated(resourceSlice, previous, sliceOf({ devices }))
  assert.deepEqual(lines(resourceSlice.validateUpdate(next, previous)), [])
})

test('fields of features that are off go, unless they are in use', () => {
  const devices = [
    {
      name: 'a',
      attributes: { list: { ints: [1] }, one: { int: 1 } },
      nodeAllocatableResourceMappings: { cpu: {} },
    },
  ]
  const fresh = created(resourceSlice, sliceOf({ devices }))
  assert.deepEqual(fresh.spec.devices, [{ name: 'a', attributes: { list: {}, one: { int: 1 } } }])
  const inUse = {
    ...fresh,
    spec: {
      ...fresh.spec,
      devices: [
        { name: 'b', attributes: { c: { bools: [true] } }, nodeAllocatableResourceMappings: {} },
      ],
    },
  }
  const [kept] = updated(resourceSlice, inUse, sliceOf({ devices })).spec.devices ?? []
  assert.deepEqual(kept?.attributes?.list, { ints: [1] })
  assert.deepEqual(kept?.nodeAllocatableResourceMappings, { cpu: { allocationMultiplier: '1' } })
})

test('resources of nodes are counted by a capacity of the device', () => {
  const devices = [{ name: 'a', nodeAllocatableResourceMappings: { cpu: {} } }]
  const previous = {
    ...created(resourceSlice, sliceOf({})),
    spec: { ...created(resourceSlice, sliceOf({})).spec, devices },
  }
  const problems = (nodeAllocatableResourceMappings: object) => {
    const body = sliceOf({ devices: [{ ...devices[0], nodeAllocatableResourceMappings }] })
    return lines(resourceSlice.validateUpdate(updated(resourceSlice, previous, body), previous))
  }
  const at = 'spec.devices[0].nodeAllocatableResourceMappings'
  assert.deepEqual(problems({ memory: {} }), [])
  assert.deepEqual(problems({ gpu: {} }), [
    `${at}[gpu]: Invalid value: "gpu": must be a node allocatable resource name`,
  ])
  assert.deepEqual(problems({ cpu: { capacityKey: 'cores', allocationMultiplier: '0' } }), [
    `${at}[cpu].capacityKey: Not found: "cores"`,
    `${at}[cpu].allocationMultiplier: Invalid value: "0": must be positive`,
  ])
})

test('names of drivers had better be in lower case', () => {
  const slice = created(resourceSlice, sliceOf({ driver: 'GPU.example.com' }))
  assert.deepEqual(lines(resourceSlice.validateCreate(slice)), [])
  assert.deepEqual(resourceSlice.warnings(slice, undefined), [
    'spec.driver: driver names should be lowercase; "GPU.example.com" contains uppercase characters',
  ])
  assert.deepEqual(resourceSlice.warnings(created(resourceSlice, sliceOf({})), undefined), [])
})

test('slices are found and shown by node and driver', () => {
  const slice = created(resourceSlice, sliceOf({}))
  const matches = (selector: string) => compileFieldSelector(resourceSlice, selector)(slice)
  assert.equal(matches('spec.nodeName=node-1,spec.driver=gpu.example.com'), true)
  assert.equal(matches('spec.nodeName='), false)
  assert.equal(matches('spec.driver!=gpu.example.com'), false)
  const { Node, Driver, Pool } = rowOf(resourceSlice, slice)
  assert.deepEqual([Node, Driver, Pool], ['node-1', 'gpu.example.com', 'node-1'])
  const everywhere = created(resourceSlice, sliceOf({ nodeName: undefined, allNodes: true }))
  assert.equal(rowOf(resourceSlice, everywhere).Node, '')
})
