import type { LabelSelector } from '../../machinery/metadata.ts'

/** A label selector in the query form that the scale subresource reports: `app=web,tier in (a,b)`. */
export function labelMatcherText(selector: LabelSelector | undefined): string {
  if (!selector) return ''
  const parts = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }))
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const list = `(${[...values].sort().join(',')})`
    if (operator === 'In') parts.push({ key, text: `${key} in ${list}` })
    else if (operator === 'NotIn') parts.push({ key, text: `${key} notin ${list}` })
    else if (operator === 'Exists') parts.push({ key, text: key })
    else parts.push({ key, text: `!${key}` })
  }
  // Upstream sorts requirements by key; the order is visible to clients of `scale`.
  return parts
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(part => part.text)
    .join(',')
}
