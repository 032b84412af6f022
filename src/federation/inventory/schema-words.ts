/** The words in which the schemas of our definitions are written. */
export const text = (more: object = {}) => ({ type: 'string', ...more })
export const list = (key: string, items: object) => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  items,
})
export const struct = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})

/** As `metav1.Condition`. */
export const condition = struct(
  {
    type: text({ maxLength: 316 }),
    status: text({ enum: ['True', 'False', 'Unknown'] }),
    reason: text({ minLength: 1, maxLength: 1024 }),
    message: text({ maxLength: 32768 }),
    lastTransitionTime: text({ format: 'date-time' }),
    observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
  },
  ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
)
