/** Whatever an object, an Event, a column or a log says: in a browser it is text, and nothing runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster } from '#index'
import { eventually, visit, whyNoBrowser } from './browser.ts'

const skip = whyNoBrowser()
/** Runs wherever a text becomes HTML, an attribute, an address or a script. */
const EVIL = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><svg/onload=window.hacked=1>javascript:window.hacked=1//'\u202e`
/** In words that a hollow container's shell has. */
const EVIL_LOG = '\u001b[31m<img src=x onerror=window.hacked=1>\u001b[0m'

test('hostile labels, events, columns, data and logs are text', { skip }, async () => {
  await using cluster = await startCluster({ nodes: { kind: 'hollow', count: 1 } })
  const send = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const answer = await cluster.transport.request({ method: 'POST', path, headers, body: bytes })
    assert.equal(answer.status, 201, path)
  }
  const described = { description: EVIL, type: 'object' }
  await send('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'evils.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'evils', kind: 'Evil' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { ...described, 'x-kubernetes-preserve-unknown-fields': true },
          },
          additionalPrinterColumns: [
            { name: EVIL, type: 'string', jsonPath: '.spec.text', description: EVIL },
            { name: 'Status', type: 'string', jsonPath: '.spec.text' },
          ],
        },
      ],
    },
  })
  const metadata = { name: 'evil', annotations: { 'a/b': EVIL } }
  await eventually(
    async () =>
      (await cluster.transport.request({ method: 'GET', path: '/apis/example.com/v1/evils' }))
        .status,
    status => status === 200,
  )
  const conditions = [
    { type: EVIL, status: EVIL, reason: EVIL, message: EVIL, lastTransitionTime: EVIL },
  ]
  await send('/apis/example.com/v1/namespaces/default/evils', {
    apiVersion: 'example.com/v1',
    kind: 'Evil',
    metadata,
    spec: { text: EVIL },
    status: { conditions },
  })
  await send('/api/v1/namespaces/default/configmaps', { metadata, data: { evil: EVIL } })
  await send('/api/v1/namespaces/default/secrets', {
    metadata: { name: 'evil' },
    stringData: { evil: EVIL },
  })
  await send('/api/v1/namespaces/default/events', {
    metadata: { name: 'evil' },
    type: 'Warning',
    reason: EVIL.slice(0, 100),
    message: EVIL,
    involvedObject: {
      apiVersion: 'example.com/v1',
      kind: 'Evil',
      namespace: 'default',
      name: EVIL,
    },
    source: { component: EVIL },
  })
  const pod = (name: string, image: string) =>
    send('/api/v1/namespaces/default/pods', {
      metadata: { ...metadata, name },
      spec: {
        containers: [
          { name: 'main', image, command: ['sh', '-c', `echo '${EVIL_LOG}'; sleep 3600`] },
        ],
      },
    })
  await pod('evil', EVIL.replaceAll(/\s/g, ''))
  await pod('talker', 'x')

  await using seen = await visit(cluster.transport)
  const { page } = seen
  const places = [
    '#/',
    '#/kinds',
    '#/list/evils.example.com',
    '#/object/evils.example.com/default/evil',
    '#/object/evils.example.com/default/evil?tab=yaml',
    '#/object/configmaps/default/evil',
    '#/object/secrets/default/evil',
    '#/object/secrets/default/evil?tab=yaml',
    '#/list/events',
    '#/object/pods/default/evil',
    '#/object/pods/default/talker?tab=logs',
    `#/list/pods?text=${encodeURIComponent(EVIL)}&labels=${encodeURIComponent(EVIL)}`,
    `#/object/pods/default/${encodeURIComponent(EVIL)}`,
    `#/list/${encodeURIComponent(EVIL)}`,
    `#/${EVIL}`,
    `#token=${EVIL}`,
  ]
  const shown = new Set<string>()
  for (const place of places) {
    await seen.goTo(place)
    // Pages ask the API before they show what it says.
    await new Promise(resolve => setTimeout(resolve, 700))
    const text = String(
      await page.evaluate(
        "document.body.innerText + [...document.querySelectorAll('textarea,input')].map(each => each.value).join()",
      ),
    )
    if (text.includes('onerror=')) shown.add(place)
    assert.equal(await page.evaluate('window.hacked'), undefined, place)
    assert.equal(
      await page.locator('img, iframe, object, embed, main script, main svg[onload]').count(),
      0,
      place,
    )
    assert.equal(await page.locator('a:not([href^="#"])').count(), 0, place)
  }
  for (const place of [
    '#/',
    '#/list/evils.example.com',
    '#/object/evils.example.com/default/evil',
    '#/object/configmaps/default/evil',
    '#/object/pods/default/talker?tab=logs',
  ])
    assert.ok(shown.has(place), `${place} shows what it is to be held against`)
  assert.ok(!shown.has('#/object/secrets/default/evil'), 'a Secret is hidden until it is asked for')
  await seen.goTo('#/object/secrets/default/evil')
  await page.getByRole('button', { name: 'Show evil' }).click()
  await page.getByText('onerror').first().waitFor()
  assert.equal(await page.evaluate('window.hacked'), undefined)
  assert.deepEqual(seen.troubles, [])
})
