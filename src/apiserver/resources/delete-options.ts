/** How something is to be deleted, as the body or the query says it, and what is wrong with that. */

import { decodeShape } from '#api/machinery/decode.ts'
import { invalid as invalidField, notSupported } from '#api/machinery/field-error.ts'
import { goQuote } from '#api/machinery/go-quote.ts'
import { deleteOptionsKind, deleteOptionsShape } from '#api/machinery/meta-kinds.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { jsonTypeOf } from '#api/machinery/scalars.ts'
import { badRequest, invalid } from '#api/machinery/status.ts'
import type { Exchange } from '../exchange.ts'
import { isTrue } from '../request-info.ts'
import { GO_TYPE_META, parseBody } from './body.ts'
import { wrongDryRun } from './write.ts'

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined
  /** The old way to say Orphan or Background, which `propagationPolicy` then says too. */
  readonly orphanDependents?: boolean | undefined
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined
  readonly dryRun?: readonly string[]
}

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const

/** From the body where there is one, else from the query. */
export async function deleteOptionsOf({ request, info, audit }: Exchange): Promise<DeleteOptions> {
  const { body } = request
  const isEmpty = body === undefined || (body instanceof Uint8Array && body.length === 0)
  if (isEmpty) return checkedOptions(fromQuery(info.query))
  const raw = (await parseBody(request, deleteOptionsKind)).value
  const options = checkedOptions(raw)
  audit?.requested(IN_AUDIT, decodeShape(deleteOptionsShape, raw as object).value as object)
  return options
}

/** Upstream tells them as it holds them itself. */
const IN_AUDIT = { group: 'meta.k8s.io', version: '__internal', kind: 'DeleteOptions' }

function fromQuery(query: URLSearchParams): object {
  const grace = query.get('gracePeriodSeconds')
  const policy = query.get('propagationPolicy')
  const orphan = query.get('orphanDependents')
  if (grace !== null && !/^[+-]?\d+$/.test(grace))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`)
  const [uid, resourceVersion] = [query.get('uid'), query.get('resourceVersion')]
  const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) }
  return {
    ...(uid || resourceVersion ? { preconditions } : {}),
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    dryRun: query.getAll('dryRun'),
  }
}

export function checkedOptions(given: unknown): DeleteOptions {
  const raw = given ?? {}
  if (!isPlainObject(raw))
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeOf(raw)} into Go value of type ${GO_TYPE_META}`,
    )
  const { kind, apiVersion } = raw
  if (kind !== undefined && kind !== 'DeleteOptions')
    throw badRequest(
      `no kind ${goQuote(`${kind}`)} is registered for version ${goQuote(`${apiVersion || 'meta.k8s.io/v1'}`)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  decodeShape(deleteOptionsShape, raw)
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = raw
  const dryRun = Array.isArray(raw.dryRun) ? raw.dryRun.map(String) : []
  const policy = POLICIES.find(each => each === propagationPolicy)
  const errors = []
  const hasPolicy = propagationPolicy !== undefined && propagationPolicy !== null
  if (hasPolicy && typeof orphanDependents === 'boolean')
    errors.push(
      invalidField(
        'propagationPolicy',
        propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    )
  if (hasPolicy && !policy)
    errors.push(notSupported('propagationPolicy', propagationPolicy, [...POLICIES, 'nil']))
  errors.push(...wrongDryRun(dryRun))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  return {
    // A negative grace means the shortest possible one.
    gracePeriodSeconds:
      typeof gracePeriodSeconds === 'number'
        ? gracePeriodSeconds < 0
          ? 1
          : gracePeriodSeconds
        : undefined,
    propagationPolicy: policy ?? orphanPolicy(orphanDependents),
    orphanDependents: typeof orphanDependents === 'boolean' ? orphanDependents : undefined,
    preconditions: preconditionsOf(preconditions),
    dryRun,
  }
}

function orphanPolicy(orphanDependents: unknown): DeleteOptions['propagationPolicy'] {
  if (typeof orphanDependents !== 'boolean') return undefined
  return orphanDependents ? 'Orphan' : 'Background'
}

function preconditionsOf(raw: unknown): DeleteOptions['preconditions'] {
  if (!isPlainObject(raw)) return undefined
  const { uid, resourceVersion } = raw
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  }
}
