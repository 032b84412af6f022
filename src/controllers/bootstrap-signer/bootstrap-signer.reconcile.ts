/**
 * Signs what kube-public/cluster-info says of the cluster with every bootstrap token, so that whoever has a token can tell that the
 * text is from this cluster, before trusting its certificates.
 */
import { createHmac } from 'node:crypto'
import { type ConfigMap, configMap } from '#api/core/v1/config-map.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import { tokenLeftMs, tokenText } from '../runner/bootstrap-tokens.ts'
import type { Outcome } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'

const CONTENT = 'kubeconfig'
const SIGNATURE_PREFIX = 'jws-kubeconfig-'

export function reconcile(info: ConfigMap, tokens: readonly Secret[], nowMs: number): Outcome {
  const content = info.data?.[CONTENT]
  if (content === undefined) return { writes: [] }
  const good = tokens.filter(token => isForSigning(token, nowMs))
  const others = Object.entries(info.data ?? {}).filter(
    ([key]) => !key.startsWith(SIGNATURE_PREFIX),
  )
  const signatures = good.map(token => {
    const id = tokenText(token, 'token-id')
    return [SIGNATURE_PREFIX + id, signatureOf(content, id, tokenText(token, 'token-secret'))]
  })
  const data: Record<string, string> = Object.fromEntries([...others, ...signatures])
  const waits = good.map(token => tokenLeftMs(token, nowMs)).filter(leftMs => leftMs !== undefined)
  return {
    writes: sameJson(data, info.data)
      ? []
      : [{ verb: 'update', kind: configMap, object: { ...info, data } }],
    ...(waits.length > 0 ? { againAfterMs: Math.min(...waits) } : {}),
  }
}

function isForSigning(token: Secret, nowMs: number): boolean {
  const id = tokenText(token, 'token-id')
  return (
    /^[a-z0-9]{6}$/.test(id) &&
    token.metadata.name === `bootstrap-token-${id}` &&
    tokenText(token, 'token-secret') !== '' &&
    tokenText(token, 'usage-bootstrap-signing') === 'true' &&
    tokenLeftMs(token, nowMs) !== 0
  )
}

/** A JSON Web Signature with its content left out (RFC 7515, appendix F). */
function signatureOf(content: string, id: string, secret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url')
  const payload = Buffer.from(content).toString('base64url')
  const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
  return `${header}..${signature}`
}
