import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Attributes,
  type Authorizer,
  allow,
  noOpinion,
} from '../../authorization/authorizer.ts'
import { admin, startTestServer } from '../../testing.ts'
import { Rights } from './rights.ts'

/** Answers later, as one does that asks somebody over the network. */
function slowAuthorizer(may: (attributes: Attributes) => boolean) {
  const asked: string[] = []
  const authorizer: Authorizer = {
    async authorize(attributes) {
      asked.push(`${attributes.verb} ${attributes.path || attributes.resource}`)
      await Promise.resolve()
      return may(attributes) ? allow('it may') : noOpinion('it may not')
    },
    rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
  }
  return { asked, authorizer }
}

const ASKED = { group: '', resource: 'pods', subresource: '', namespace: '', name: '', path: '' }

test('what is asked counts once all answers are there, and each is asked for once', async () => {
  const { asked, authorizer } = slowAuthorizer(({ verb }) => verb !== 'delete')
  const rights = new Rights(authorizer, admin)
  const evaluate = () => {
    const get = rights.decide(ASKED, 'get')
    // The second question follows from the first.
    const remove = get.allowed ? rights.decide(ASKED, 'delete') : undefined
    if (!get.allowed) throw new Error('may not get')
    return [get.reason, remove?.reason]
  }
  assert.deepEqual(await rights.settled(evaluate), ['it may', 'it may not'])
  assert.deepEqual(asked, ['get pods', 'delete pods'])
})

test('what is thrown counts as well, but not before all answers are there', async () => {
  const rights = new Rights(slowAuthorizer(() => false).authorizer, admin)
  const evaluate = () => {
    const { allowed, error } = rights.decide(ASKED, 'get')
    throw new Error(error || `allowed: ${allowed}`)
  }
  await assert.rejects(rights.settled(evaluate), { message: 'allowed: false' })
})

test('an authorizer that fails is told of, and questions without end are not asked', async () => {
  const failing: Authorizer = {
    authorize: () => Promise.reject(new Error('nobody there')),
    rulesFor: () => ({ rules: [], incomplete: true, errors: [] }),
  }
  const rights = new Rights(failing, admin)
  const answer = await rights.settled(() => rights.decide(ASKED, 'get'))
  assert.deepEqual(answer, { allowed: false, reason: '', error: 'nobody there' })
  let round = 0
  await assert.rejects(
    rights.settled(() => rights.decide({ ...ASKED, name: `${++round}` }, 'get')),
    /more than 100 questions/,
  )
})

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const matchConstraints = {
  resourceRules: [
    { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
  ],
}
const MAY = "authorizer.path('/a').check('get').allowed()"

test('policies wait for an authorizer that does not answer at once', async () => {
  const { authorizer } = slowAuthorizer(({ path }) => path !== '/b')
  const { ask } = await startTestServer({ authorizer })
  const post = async (kind: string, body: object) =>
    assert.equal((await ask('POST', `${GROUP}/${kind}`, body)).status, 201)
  await post('validatingadmissionpolicies', {
    metadata: { name: 'v' },
    spec: {
      matchConstraints,
      matchConditions: [{ name: 'may', expression: MAY }],
      validations: [
        { expression: MAY, message: 'may not a' },
        { expression: MAY.replace('/a', '/b'), message: 'may not b' },
      ],
    },
  })
  await post('mutatingadmissionpolicies', {
    metadata: { name: 'm' },
    spec: {
      matchConstraints,
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConditions: [{ name: 'may', expression: MAY }],
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{data: {'a': string(${MAY}), 'b': string(${MAY.replace('/a', '/b')})}}`,
          },
        },
      ],
    },
  })
  const spec = { policyName: 'm' }
  await post('mutatingadmissionpolicybindings', { metadata: { name: 'm' }, spec })
  const create = (name: string) =>
    ask('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } })
  assert.deepEqual((await create('one')).body.data, { a: 'true', b: 'false' })

  await post('validatingadmissionpolicybindings', {
    metadata: { name: 'v' },
    spec: { policyName: 'v', validationActions: ['Deny'] },
  })
  const { status, body } = await create('two')
  assert.equal(status, 422)
  assert.match(body.message, /denied request: may not b$/)
})
