/** docs/nodes.md: its configurations are read as they stand there, and its flags exist. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { helpText } from '#cli'
import { readKubeletConfiguration } from '../../src/kubelet/configuration/configuration.ts'
import {
  KUBELET_FIELDS,
  optionsOf,
  unservedFields,
} from '../../src/kubelet/configuration/settings.ts'
import { readProviders } from '../../src/kubelet/credentials/configuration.ts'
import { projectRoot } from '../tidy/sources.ts'

const guide = readFileSync(join(projectRoot, 'docs/nodes.md'), 'utf8')
const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
const ofKind = (kind: string) =>
  blocks.filter(text => text.includes(`kind: ${kind}\n`)).map(text => Buffer.from(text))

test('the configurations of the guide can be used', () => {
  const configurations = ofKind('KubeletConfiguration').map(text =>
    readKubeletConfiguration([{ path: 'nodes.md', text }]),
  )
  assert.equal(configurations.length, 2)
  assert.deepEqual(
    configurations.map(configuration => optionsOf(configuration).containerLogMaxFiles),
    [3, undefined],
  )
  const shared = new Set([...KUBELET_FIELDS, 'maxPods', 'registerWithTaints', 'systemReserved'])
  for (const configuration of configurations)
    assert.deepEqual(unservedFields(configuration, shared), [])
  const [providers] = ofKind('CredentialProviderConfig')
  assert.ok(providers)
  assert.equal(readProviders(providers, 'nodes.md')[0]?.defaultCacheMs, 12 * 3_600_000)
})

test('fields that change nothing in the kubelet itself are none of those that the guide promises', () => {
  const promised = [...guide.matchAll(/^\| .* \|$/gm)].join('\n')
  for (const name of KUBELET_FIELDS)
    if (name !== 'apiVersion' && name !== 'kind') assert.ok(promised.includes(`\`${name}\``), name)
})

test('the flags exist', () => {
  const known = [helpText(['up', '--help']), helpText(['kubelet', '--help'])].join('\n')
  const others = /--raw|systemd-inhibit --list/g
  for (const [flag] of guide.replace(others, '').matchAll(/--[a-z][a-z-]+/g))
    assert.ok(known.includes(flag), flag)
})
