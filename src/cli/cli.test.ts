import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagTexts, helpText, parseCommandLine } from './cli.ts'

test('reads the flags of up, in both forms', () => {
  const up = parseCommandLine(['up', '--secure-port=0', '--nodes', 'hollow:3', '--install'])
  assert.ok(up?.name === 'up')
  assert.equal(up.values.securePort, 0)
  assert.deepEqual(up.values.nodes, { kind: 'hollow', count: 3 })
  assert.equal(up.values.install, true)
  assert.equal(up.values.bindAddress, '127.0.0.1')
  assert.equal(up.values.clusterCidr, '10.244.0.0/16')
})

test('flags are shown as they could be given', () => {
  const words = ['up', '--runtime-config=api/all=true', '--event-ttl', '90m']
  const values = parseCommandLine(words)?.values ?? {}
  const texts = flagTexts('up', values)
  assert.deepEqual(
    ['runtime-config', 'event-ttl', 'secure-port', 'nodes', 'etcd-cafile', 'profile'].map(name =>
      texts.get(name),
    ),
    ['api/all=true', '1h30m0s', '6443', 'auto', '', undefined],
  )
})

test('lists that are given several times add up', () => {
  const words = ['a/v1,b/v1=false', 'b/v1=true,c/v1'].flatMap(list => ['--runtime-config', list])
  const apiserver = parseCommandLine(['apiserver', ...words])
  assert.ok(apiserver?.name === 'apiserver')
  assert.deepEqual(Object.fromEntries(apiserver.values.runtimeConfig), {
    'a/v1': true,
    'b/v1': true,
    'c/v1': true,
  })
})

test('one sentence for what makes no sense', () => {
  const complaint = (...words: string[]) => {
    try {
      parseCommandLine(words)
    } catch (error) {
      return (error as Error).message
    }
    return 'accepted'
  }
  assert.equal(complaint('upp'), 'unknown command "upp"; did you mean up?; "proa help" lists them')
  assert.equal(
    complaint('up', '--secure-prot', '1'),
    'unknown flag: --secure-prot; did you mean --secure-port?',
  )
  assert.equal(
    complaint('up', '--secure-port', '70000'),
    '--secure-port wants a port from 0 to 65535, not "70000"',
  )
  assert.equal(
    complaint('up', '--cluster-cidr', '10.0.0.0'),
    '--cluster-cidr wants a range such as 10.96.0.0/12 or fd00::/108, not "10.0.0.0"',
  )
  assert.equal(
    complaint('kubelet', '--node-ip', '192.0.2.1,192.0.2.2'),
    'failed to parse --node-ip "192.0.2.1,192.0.2.2": must contain either a single IP or a dual-stack pair of IPs',
  )
  assert.equal(
    complaint('kubelet', '--node-ip', '192.0.2.1,::'),
    `failed to parse --node-ip "192.0.2.1,::": dual-stack node IP cannot include '0.0.0.0' or '::'`,
  )
  assert.equal(
    complaint('kubelet', '--node-ip', 'here'),
    'failed to parse --node-ip "here": invalid IP "here"',
  )
  assert.equal(
    complaint('up', '--nodes', 'docker'),
    '--nodes wants containerd, hollow, hollow:COUNT or none, not "docker"',
  )
  assert.equal(
    complaint('up', '--nodes', 'hollow:0'),
    '--nodes hollow:0: the count must be from 1 to 1000',
  )
  assert.equal(complaint('up', '--data-dir'), '--data-dir needs a value: --data-dir DIR')
  assert.equal(
    complaint('up', '--install=maybe'),
    '--install is a switch: write --install, or --install=false',
  )
  assert.equal(complaint('up', 'now'), 'proa up takes no "now"')
  assert.equal(complaint('image', 'load'), 'proa image load needs FILE: proa image load FILE')
  assert.equal(
    complaint('snapshot', 'restore', 'x', '--bump-revision', '0'),
    '--bump-revision wants a whole number from 1 on, not "0"',
  )
})

test('half a command names its other half, and a word that is none what may be meant', () => {
  const complaint = (line: string) => {
    try {
      const words = line.split(' ')
      return parseCommandLine(words) ? 'accepted' : helpText(words)
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.equal(
    complaint('token'),
    'proa token needs a word more: proa token create, proa token generate, proa token list, proa token delete',
  )
  assert.equal(
    complaint('snapshot --data-dir /x'),
    'proa snapshot needs a word more: proa snapshot save, proa snapshot restore, proa snapshot status',
  )
  assert.equal(complaint('image lod FILE'), 'unknown command "image lod": proa image load')
  assert.equal(
    complaint('toekn list'),
    'unknown command "toekn"; did you mean token list?; "proa help" lists them',
  )
  assert.equal(
    complaint('snapshots'),
    'unknown command "snapshots"; did you mean snapshot?; "proa help" lists them',
  )
  for (const word of ['down', 'stop', 'status', 'kubectl'])
    assert.equal(complaint(word), `unknown command "${word}"; "proa help" lists them`)
  assert.equal(complaint('-v'), 'a command comes first, not -v; "proa help" lists them')
  assert.match(
    complaint('help snapshot'),
    /COMMAND \[FLAGS\]\n\n {2}snapshot save [\s\S]* status .*\n\n/,
  )
  assert.match(complaint('snapshot --help'), /\n\n {2}snapshot save /)
  assert.doesNotMatch(complaint('help token'), /apiserver/)
  assert.equal(
    complaint('help chek'),
    'unknown command "chek"; did you mean check?; "proa help" lists them',
  )
  assert.match(complaint('--help'), / {2}apiserver /)
})

test('a command of two words is meant before that of one, and one that stands in for another takes all its flags', () => {
  assert.equal(parseCommandLine(['envtest', '--nodes=hollow:2'])?.name, 'envtest')
  const words = ['--unsafe-no-fsync=true', '--data-dir', 'x', '--listen-client-urls=http://a:1']
  const etcd = parseCommandLine(['envtest', 'etcd', ...words])
  assert.ok(etcd?.name === 'envtest etcd')
  assert.deepEqual(etcd.values.listenClientUrls, ['http://a:1'])
  assert.throws(() => parseCommandLine(['envtest', 'apiserver', '--bogus']), {
    message: 'unknown flag: --bogus',
  })
  assert.throws(() => parseCommandLine(['envtest', '--nodes', 'containerd']), {
    message: '--nodes wants hollow, hollow:COUNT or none here, not "containerd"',
  })
})

test('a few flags mean something when they are empty', () => {
  const values = (...words: string[]) => parseCommandLine(words)?.values as Record<string, unknown>
  assert.equal(values('kubelet', '--eviction-hard=').evictionHard, '')
  assert.equal(values('kubelet', '--eviction-hard', '').evictionHard, '')
  assert.equal(values('proxy', '--healthz-bind-address=').healthzBindAddress, 'none')
  const missing = { message: '--eviction-hard needs a value: --eviction-hard LIST' }
  assert.throws(() => values('kubelet', '--eviction-hard'), missing)
  assert.throws(() => values('kubelet', '--node-name='), /--node-name needs a value/)
})

test('help names every command and the flags of one', () => {
  assert.equal(parseCommandLine([]), undefined)
  assert.equal(parseCommandLine(['up', '--help']), undefined)
  assert.match(helpText([]), /controller-manager {2,}run the controllers alone/)
  assert.match(helpText(['up', '--help']), /--service-cluster-ip-range CIDR/)
  assert.match(helpText(['up', '--help']), /\n\nStorage:\n {2}--storage-backend KIND/)
  assert.match(helpText(['up', '--help']), /how long events are kept.* \(default: 1h0m0s\)/)
  for (const name of ['up', 'apiserver', 'controller-manager', 'kubelet', 'proxy'])
    assert.doesNotMatch(helpText([name, '--help']), /\(default:.*\(default:/)
})
