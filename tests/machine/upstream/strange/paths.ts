/** Paths as nobody would write them who means well, put together by chance. */
import type { Dice } from '../../../fuzz/random.ts'

const PLACES = [
  '/api/v1/namespaces/default/pods',
  '/api/v1/namespaces/default/pods/x',
  '/api/v1/namespaces/default/pods/x/log',
  '/api/v1/namespaces/default/secrets',
  '/api/v1/namespaces/default/secrets/x',
  '/api/v1/namespaces/default/status',
  '/api/v1/namespaces/default/pods/x/proxy/secret',
  '/api/v1/namespaces/default/services/x/proxy/secret',
  '/api/v1/namespaces/default',
  '/api/v1/watch/namespaces/default/pods',
  '/api/v1/nodes',
  '/api/v1/nodes/n/proxy/secret',
  '/apis/apps/v1/namespaces/default/deployments',
  '/apis/apps/v1/deployments',
  '/apis/apps/v1',
  '/apis/apps',
  '/apis',
  '/api/v1',
  '/healthz',
  '/healthz/ping',
  '/livez/ping',
  '/metrics',
  '/version',
  '/openapi/v2',
  '/openid/v1/jwks',
  '/.well-known/openid-configuration',
  '/logs',
  '/',
]
const QUERIES = ['?watch=0', '?fieldSelector=metadata.name%3Dx']
const PIECES = [
  '/',
  '//',
  '/./',
  '/../',
  '%2f',
  '%2F',
  '%2e%2e',
  '%00',
  '%',
  '%zz',
  ';',
  '\\',
  '.',
  '..',
  '%20',
  '+',
  '%25',
  '%252f',
]

function encoded(letter: string): string {
  return `%${Buffer.from(letter).toString('hex')}`
}

/** Upstream reads these as one thing or another; Proa refuses them, whoever asks. */
export function isOdd(path: string): boolean {
  const [plain = ''] = path.split('?')
  try {
    return /\/\/|\/\.{1,2}(\/|$)|[\0\\]/.test(decodeURIComponent(plain)) || /%2f/i.test(plain)
  } catch {
    return true
  }
}

/** One of the places, spelled otherwise. */
export function strangePath(dice: Dice): string {
  let path = dice.pick(PLACES)
  for (let left = dice.below(3); left > 0; left--) {
    const at = dice.below(path.length + 1)
    switch (dice.below(5)) {
      case 0:
      case 1:
        // The same to who reads it well.
        path = path.slice(0, at) + encoded(path[at] ?? 'a') + path.slice(at + 1)
        break
      case 2:
        path = path.slice(0, at) + dice.pick(PIECES) + path.slice(at)
        break
      case 3:
        path += dice.pick(['/', '//', '/..', '/.', '%2f', '/%2e%2e/'])
        break
      default: {
        const slash = path.indexOf('/', at)
        const from = slash < 0 ? path.length : slash
        path = path.slice(0, from) + dice.pick(PIECES) + path.slice(from)
      }
    }
  }
  if (!path.startsWith('/')) path = `/${path}`
  return dice.below(4) === 0 ? path + dice.pick(QUERIES) : path
}
