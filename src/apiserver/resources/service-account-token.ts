/** serviceaccounts/token: makes a token for the account, unless there are no keys to sign it with. */
import { type TokenRequest, tokenRequest } from '#api/authentication/v1/token-request.ts'
import { invalid as invalidField } from '#api/machinery/field-error.ts'
import { conflict, invalid, StatusError } from '#api/machinery/status.ts'
import { noted } from '../audit/notes.ts'
import { unverifiedClaims } from '../authentication/jwt.ts'
import { requestToken } from '../authentication/token-request.ts'
import type { Exchange } from '../exchange.ts'
import { respondMade } from '../respond.ts'
import { draftOf, parseBody } from './body.ts'
import type { StoredResource } from './registry.ts'
import { trackMade } from './reviews.ts'
import type { SpecialHandler } from './special.ts'
import { existing } from './update.ts'
import { admit, checkNamespace, mutate, nowOf, writeOf } from './write.ts'

/** So that what is done with the token can be traced to who asked for it. */
function noteIssued(exchange: Exchange, { status }: TokenRequest): void {
  const { jti } = unverifiedClaims(status?.token ?? '') ?? {}
  if (typeof jti !== 'string') return
  const key = 'authentication.kubernetes.io/issued-credential-id'
  exchange.auditAnnotations = noted(exchange.auditAnnotations, key, `JTI=${jti}`)
}

export const createToken: SpecialHandler = async (exchange, resource) => {
  const { server } = exchange
  const respond = respondMade(exchange)
  const request = draftOf(
    exchange,
    tokenRequest,
    await parseBody(exchange.request, tokenRequest),
  ) as TokenRequest
  const write = writeOf(exchange, resource as StoredResource)
  const { namespace, name } = write
  checkNamespace(write, request)
  trackMade(write, tokenRequest, request)
  await mutate(write, request, undefined, tokenRequest)
  const { metadata } = request
  if (metadata.name && metadata.name !== name)
    throw invalid(tokenRequest, name, [
      invalidField(
        'metadata.name',
        metadata.name,
        'must match the service account name if specified',
      ),
    ])
  const { uid = '' } = (await existing(write.resource, namespace, name)).object.metadata
  if (metadata.uid && metadata.uid !== uid)
    throw conflict(
      { group: tokenRequest.group, resource: tokenRequest.kind },
      name,
      `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`,
    )
  Object.assign(metadata, { name, namespace, uid, creationTimestamp: nowOf(write) })
  if (!server.tokens)
    throw new StatusError('ServiceUnavailable', 'this server has no keys to sign tokens with')
  await admit(write, 'CREATE', { object: request }, tokenRequest)
  const answer = await requestToken(
    request,
    { namespace, name, uid },
    {
      tokens: server.tokens,
      world: server.world,
      clock: server.clock,
      longestSeconds: server.answering.longestTokenSeconds,
      warn: text => void exchange.warnings.push(text),
    },
  )
  if (exchange.audit) noteIssued(exchange, answer)
  return respond(answer, tokenRequest)
}
