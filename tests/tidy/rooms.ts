/** Who may import whom, and why. `*` stands for the outside (npm packages, node:), which every room may use but `pure` ones. */
export interface Room {
  readonly mayImport: readonly string[]
  readonly why: string
}

export const rooms: Readonly<Record<string, Room>> = {
  base: { mayImport: [], why: 'words that everyone shares; no I/O' },
  host: { mayImport: ['base'], why: 'the only room that touches the machine' },
  api: { mayImport: ['base'], why: 'pure and synchronous; loads in a browser' },
  store: { mayImport: ['base', 'host'], why: 'engines reach the machine through host' },
  client: { mayImport: ['base', 'api'], why: 'talks to the API over any transport' },
  apiserver: {
    mayImport: ['base', 'api', 'store', 'client', 'host'],
    why: 'host only for the listener',
  },
  controllers: { mayImport: ['base', 'api', 'client'], why: 'decides from what the API says' },
  scheduler: { mayImport: ['base', 'api', 'client'], why: 'decides from what the API says' },
  kubelet: { mayImport: ['base', 'api', 'client', 'host'], why: 'acts on the machine' },
  'metrics-server': { mayImport: ['base', 'api', 'client'], why: 'tells what kubelets tell' },
  federation: { mayImport: ['base', 'api', 'client'], why: 'decides from what APIs say' },
  proxy: { mayImport: ['base', 'api', 'client', 'host'], why: 'acts on the machine' },
  network: { mayImport: ['base', 'api', 'client', 'host'], why: 'acts on the machine' },
  dns: { mayImport: ['base', 'api', 'client', 'host'], why: 'opens sockets' },
  cloud: { mayImport: ['base', 'api', 'client', 'host'], why: 'asks clouds' },
  dashboard: {
    mayImport: ['base', 'api', 'client'],
    why: 'pages speak the API, whosever it is; their server only passes on',
  },
  cli: { mayImport: ['base', 'api', 'client', 'host'], why: 'reads flags and prints' },
  cluster: {
    mayImport: [
      'base',
      'host',
      'api',
      'store',
      'client',
      'apiserver',
      'controllers',
      'scheduler',
      'kubelet',
      'metrics-server',
      'federation',
      'proxy',
      'network',
      'dns',
      'cloud',
      'dashboard',
      'cli',
    ],
    why: 'the only place where roles meet',
  },
  simulation: {
    mayImport: [
      'base',
      'api',
      'store',
      'client',
      'apiserver',
      'controllers',
      'scheduler',
      'kubelet',
      'proxy',
      'network',
      'dns',
      'cloud',
      'cluster',
    ],
    why: 'runs everything without the machine',
  },
}

/** Only these files of a room may import `host`, where the table above allows it to the room in part. */
export const hostDoors: Readonly<Record<string, readonly string[]>> = {
  store: ['sqlite/', 'etcd/'],
  apiserver: ['listener/'],
}

/** The one file that is to a browser what `host` is to the machine. */
export const BROWSER = 'src/dashboard/pages/browser.ts'

/** Names that only `host/` (and the composition roots) may use: they hide time, randomness and the machine. */
export const bannedGlobals = [
  'Date.now',
  'Math.random',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'randomUUID',
  'performance.now',
]
