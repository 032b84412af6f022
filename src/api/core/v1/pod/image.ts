/** `latest`, said or unsaid, may mean another image tomorrow, so it is pulled every time. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  return tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent'
}

/** The tag of an image reference; `latest` where it has neither tag nor digest, empty with only a digest. */
function tagOf(image: string): string {
  const [reference = '', digest] = image.split('@')
  // A colon before the last slash belongs to the registry's port.
  const lastPart = reference.slice(reference.lastIndexOf('/') + 1)
  const colon = lastPart.indexOf(':')
  if (colon >= 0) return lastPart.slice(colon + 1)
  return digest === undefined && image !== '' ? 'latest' : ''
}
