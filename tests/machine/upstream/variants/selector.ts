/** Of labels, in both forms. */
export const matchLabels = { app: 'web' }
export const selector = {
  matchLabels,
  matchExpressions: [{ key: 'z', operator: 'NotIn', values: ['a', 'b'] }],
}
