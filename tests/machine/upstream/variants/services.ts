/** Services with addresses, families and node ports of all sorts, mostly wrong, and often with another mistake beside. */

export interface ServiceCase {
  readonly name?: string
  /** The service that is there already; without it the spec is that of a new one. */
  readonly before?: object
  readonly spec: object
  readonly metadata?: object
  /** Only tried. */
  readonly isTried?: true
  /** Why Proa may answer otherwise. */
  readonly differs?: string
}

const TRIED =
  "upstream's trials do not look at what is taken, or in no range; the write itself does"
const FAILS = "upstream answers a client's mistake with 500"

const NODE = { type: 'NodePort' }
const HEADLESS = { clusterIP: 'None' }
const EXTERNAL = { type: 'ExternalName', externalName: 'a.example', ports: undefined }
const BALANCED = { type: 'LoadBalancer' }
const LOCAL = { ...BALANCED, externalTrafficPolicy: 'Local' }
const WRONG_PORT = { ports: [{ port: 0 }] }
const WRONG_PROTOCOL = { name: 'a', port: 80, protocol: 'x' }
const WRONG_OWNER = { ownerReferences: [{}] }
const both = (...addresses: string[]) => ({ clusterIP: addresses[0], clusterIPs: addresses })
const listening = (...nodePorts: number[]) => ({
  ports: nodePorts.map((nodePort, at) => ({ name: `p${at}`, port: 80 + at, nodePort })),
})
const ADDRESS = '10.96.9.9'
/** Of another service, which the test makes first; its node port, too. */
export const TAKEN = '10.96.7.7'
export const TAKEN_PORT = 30_007

const created: readonly ServiceCase[] = [
  { spec: { clusterIP: 'x' } },
  { spec: { clusterIP: 'x', ...WRONG_PORT } },
  { spec: { clusterIP: 'x' }, name: 'No_Name' },
  { spec: { clusterIP: 'x', type: 'Bogus' } },
  { spec: { clusterIP: '10.1.1.1', ...WRONG_PORT } },
  { spec: { clusterIP: '10.1.1.1' }, name: 'No_Name' },
  { spec: { clusterIP: '10.1.1.1' }, metadata: WRONG_OWNER },
  { spec: { clusterIP: '10.96.0.0', ...WRONG_PORT } },
  { spec: { clusterIP: '10.111.255.255' } },
  { spec: { clusterIP: TAKEN, ...WRONG_PORT } },
  { spec: { clusterIP: TAKEN }, isTried: true, differs: TRIED },
  { spec: { clusterIP: '10.1.1.1' }, isTried: true, differs: TRIED },
  { spec: { clusterIP: '010.096.009.009' } },
  { spec: { clusterIP: ADDRESS, ...WRONG_PORT } },
  { spec: { clusterIPs: [ADDRESS], ...WRONG_PORT } },
  { spec: { clusterIP: '10.96.9.8', clusterIPs: [ADDRESS], ...WRONG_PORT } },
  { spec: { ...both(ADDRESS, '10.96.9.8'), ...WRONG_PORT } },
  { spec: { ...both(ADDRESS, 'fd00::9'), ...WRONG_PORT } },
  { spec: both(ADDRESS, 'fd00::9', 'fd00::8') },
  { spec: both(ADDRESS, ADDRESS, 'None') },
  { spec: both('None', ADDRESS) },
  { spec: { clusterIP: '', clusterIPs: [''] } },
  { spec: { clusterIP: 'fd00::9', ...WRONG_PORT } },
  { spec: { clusterIP: 'fd00::9', ipFamilies: ['IPv6'], ...WRONG_PORT } },
  { spec: { clusterIP: 'fd00::9', ipFamilies: ['IPv4'], ...WRONG_PORT } },
  { spec: { clusterIP: ADDRESS, ipFamilies: ['IPv6'], ...WRONG_PORT } },
  { spec: { ipFamilies: ['IPv6'], ...WRONG_PORT } },
  { spec: { ipFamilies: ['IPv4', 'IPv6'], ...WRONG_PORT } },
  { spec: { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack', ...WRONG_PORT } },
  { spec: { ipFamilies: ['IPv4', 'IPv4'], ...WRONG_PORT } },
  { spec: { ipFamilies: ['IPv5', 'IPv5', ''] }, name: 'No_Name' },
  { spec: { ipFamilyPolicy: 'RequireDualStack', ...WRONG_PORT } },
  { spec: { ipFamilyPolicy: 'PreferDualStack' } },
  { spec: { ipFamilyPolicy: 'Any', ...WRONG_PORT }, metadata: WRONG_OWNER },
  { spec: { ipFamilyPolicy: '' } },
  { spec: HEADLESS },
  { spec: { ...HEADLESS, ...WRONG_PORT } },
  { spec: { ...HEADLESS, ...NODE } },
  { spec: { ...HEADLESS, ipFamilies: ['IPv6'] } },
  { spec: { ...HEADLESS, selector: undefined } },
  { spec: { ...HEADLESS, selector: undefined, ipFamilies: ['IPv6'] } },
  { spec: { ...HEADLESS, selector: undefined, ipFamilies: ['IPv6', 'IPv4'] } },
  {
    spec: { ...HEADLESS, selector: undefined, ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' },
  },
  { spec: { ...HEADLESS, selector: undefined, ipFamilyPolicy: 'PreferDualStack' } },
  { spec: { ...EXTERNAL, clusterIP: 'x' } },
  { spec: { ...EXTERNAL, clusterIP: 'None' } },
  { spec: { ...EXTERNAL, clusterIP: ADDRESS, ipFamilies: ['IPv5'], ipFamilyPolicy: 'Any' } },
  { spec: { ...EXTERNAL, externalName: '' } },
  { spec: { ...NODE, ...listening(80) }, name: 'No_Name' },
  { spec: { ...NODE, ...listening(TAKEN_PORT), sessionAffinity: 'x' } },
  { spec: { ...NODE, ...listening(30_100, 30_100) } },
  { spec: { ...NODE, ...listening(80) }, isTried: true, differs: TRIED },
  { spec: { ...NODE, clusterIP: 'x', ...listening(80) } },
  { spec: listening(30_100) },
  {
    spec: { ...BALANCED, allocateLoadBalancerNodePorts: false, ...listening(TAKEN_PORT) },
    metadata: WRONG_OWNER,
  },
  { spec: { ...NODE, ports: [WRONG_PROTOCOL, { name: 'b', port: 80, nodePort: 30_100 }] } },
  { spec: listening(80) },
  { spec: { ...LOCAL, healthCheckNodePort: 80 }, differs: FAILS },
  { spec: { ...LOCAL, healthCheckNodePort: TAKEN_PORT, ...WRONG_PORT }, differs: FAILS },
  { spec: { ...LOCAL, healthCheckNodePort: 30_100, ...listening(30_100) }, differs: FAILS },
  { spec: { ...BALANCED, healthCheckNodePort: 80 } },
]

const changed: readonly ServiceCase[] = [
  { before: {}, spec: { clusterIP: 'x', ...WRONG_PORT } },
  { before: {}, spec: { clusterIP: ADDRESS, ...WRONG_PORT } },
  { before: {}, spec: { clusterIP: ADDRESS }, metadata: WRONG_OWNER },
  { before: {}, spec: { ...both(ADDRESS), ...WRONG_PORT } },
  { before: {}, spec: HEADLESS },
  { before: {}, spec: { ...both('None') } },
  { before: {}, spec: { clusterIPs: [ADDRESS] } },
  { before: {}, spec: { clusterIPs: ['x'] }, metadata: WRONG_OWNER },
  { before: {}, spec: { ipFamilies: ['IPv6'], ...WRONG_PORT } },
  { before: {}, spec: { ipFamilies: ['IPv4', 'IPv6'], ...WRONG_PORT } },
  { before: {}, spec: { ipFamilies: ['IPv5'] }, metadata: WRONG_OWNER },
  { before: {}, spec: { ipFamilyPolicy: 'RequireDualStack', ...WRONG_PORT } },
  { before: {}, spec: { ipFamilyPolicy: 'PreferDualStack' } },
  { before: {}, spec: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] } },
  { before: { ipFamilyPolicy: 'PreferDualStack' }, spec: { ipFamilyPolicy: 'SingleStack' } },
  { before: {}, spec: { ipFamilyPolicy: 'Any', ...WRONG_PORT }, metadata: WRONG_OWNER },
  { before: {}, spec: { ...EXTERNAL } },
  {
    before: {},
    spec: { ...EXTERNAL, clusterIP: ADDRESS },
    differs: 'upstream takes an address for a service that has none, where the list is not sent',
  },
  { before: {}, spec: { ...EXTERNAL, ipFamilies: ['IPv6'], ipFamilyPolicy: 'Any' } },
  { before: EXTERNAL, spec: { clusterIP: 'x', ...WRONG_PORT } },
  { before: EXTERNAL, spec: { clusterIP: TAKEN, ...WRONG_PORT } },
  { before: EXTERNAL, spec: { clusterIP: ADDRESS } },
  { before: EXTERNAL, spec: { ipFamilyPolicy: 'RequireDualStack' } },
  { before: HEADLESS, spec: { clusterIP: ADDRESS } },
  { before: HEADLESS, spec: {} },
  { before: { ...HEADLESS, selector: undefined }, spec: {} },
  { before: { ...HEADLESS, selector: undefined }, spec: { selector: undefined } },
  { before: { ...HEADLESS, selector: undefined }, spec: { ipFamilyPolicy: 'SingleStack' } },
  { before: {}, spec: { ...NODE, ...listening(80) }, metadata: WRONG_OWNER },
  { before: NODE, spec: { ...NODE, ...listening(TAKEN_PORT), sessionAffinity: 'x' } },
  { before: NODE, spec: { ...NODE, ...listening(30_101, 30_101) }, differs: FAILS },
  { before: NODE, spec: listening(30_101) },
  { before: { ...NODE, ...listening(30_102) }, spec: listening(30_102) },
  { before: { ...NODE, ...listening(30_102) }, spec: EXTERNAL },
  { before: {}, spec: { ...LOCAL, healthCheckNodePort: 80, ...WRONG_PORT }, differs: FAILS },
  { before: LOCAL, spec: { ...LOCAL, healthCheckNodePort: 80 } },
  { before: LOCAL, spec: { ...BALANCED, healthCheckNodePort: 80 } },
]

export const SERVICES = [...created, ...changed]

const FIRST = '10.96.9.1'
const SECOND = 'fd00:10:96::9:1'
const REQUIRED = { ipFamilyPolicy: 'RequireDualStack' }
const PREFERRED = { ipFamilyPolicy: 'PreferDualStack' }
const SINGLE = { ipFamilyPolicy: 'SingleStack' }
const [four, six] = [{ ipFamilies: ['IPv4'] }, { ipFamilies: ['IPv6'] }]
const [fourSix, sixFour] = [{ ipFamilies: ['IPv4', 'IPv6'] }, { ipFamilies: ['IPv6', 'IPv4'] }]

const withBoth: readonly ServiceCase[] = [
  { spec: {} },
  { spec: REQUIRED },
  { spec: PREFERRED },
  { spec: { ...PREFERRED, ...NODE } },
  { spec: six },
  { spec: { ...six, ...PREFERRED } },
  { spec: { ...sixFour, ...PREFERRED } },
  { spec: { ...fourSix, ...REQUIRED } },
  { spec: { ...sixFour, ...SINGLE } },
  { spec: fourSix },
  { spec: { ...both(FIRST, SECOND) } },
  { spec: { ...both(FIRST, SECOND), ...REQUIRED } },
  { spec: { ...both(SECOND, FIRST), ...PREFERRED } },
  { spec: { ...both(SECOND, FIRST), ...fourSix, ...PREFERRED } },
  { spec: { ...both(SECOND), ...PREFERRED } },
  { spec: { clusterIP: SECOND } },
  { spec: { clusterIP: SECOND, ...four } },
  { spec: { ...both(FIRST, 'fd00:99::1'), ...REQUIRED } },
  { spec: { ...both(FIRST, 'fd00:10:96::'), ...REQUIRED } },
  { spec: { ...both(FIRST, 'fd00:10:96::ffff:ffff'), ...REQUIRED } },
  { spec: { ...both(TAKEN, SECOND), ...REQUIRED } },
  { spec: { ...HEADLESS, ...PREFERRED } },
  { spec: { ...HEADLESS, ...six } },
  { spec: { ...HEADLESS, ...fourSix } },
  { spec: { ...HEADLESS, selector: undefined, ...PREFERRED } },
  { spec: { ...HEADLESS, selector: undefined, ...SINGLE } },
  { spec: { ...BALANCED, ...REQUIRED } },
  { spec: { ...EXTERNAL, ...PREFERRED } },
  { before: {}, spec: PREFERRED },
  { before: {}, spec: REQUIRED },
  { before: {}, spec: { ...REQUIRED, ...fourSix } },
  { before: four, spec: { ...REQUIRED, ...sixFour } },
  { before: four, spec: { ...both(FIRST, SECOND), ...REQUIRED } },
  { before: both(FIRST), spec: { ...both(FIRST, SECOND), ...REQUIRED } },
  { before: both(FIRST), spec: { ...both(FIRST, 'fd00:99::1'), ...REQUIRED } },
  { before: both(FIRST), spec: { ...both(FIRST, SECOND), ...fourSix, ...PREFERRED } },
  { before: both(FIRST), spec: { ...both(SECOND, FIRST), ...REQUIRED } },
  { before: both(FIRST), spec: { ...both(FIRST, SECOND) } },
  { before: REQUIRED, spec: SINGLE },
  { before: REQUIRED, spec: { ...SINGLE, ...six } },
  { before: { ...REQUIRED, ...fourSix }, spec: { ...SINGLE, ...four } },
  { before: { ...REQUIRED, ...fourSix }, spec: { ...REQUIRED, ...four } },
  { before: { ...REQUIRED, ...fourSix }, spec: { ...REQUIRED, ...sixFour } },
  { before: { ...both(FIRST, SECOND), ...REQUIRED }, spec: { ...both(FIRST), ...SINGLE } },
  { before: { ...both(FIRST, SECOND), ...REQUIRED }, spec: { ...both(FIRST), ...REQUIRED } },
  { before: { ...both(FIRST, SECOND), ...REQUIRED }, spec: { ...both(SECOND), ...SINGLE } },
  { before: { ...both(FIRST, SECOND), ...REQUIRED }, spec: EXTERNAL },
  { before: EXTERNAL, spec: REQUIRED },
  { before: EXTERNAL, spec: { ...both(FIRST, SECOND), ...PREFERRED } },
  { before: EXTERNAL, spec: six },
  { before: HEADLESS, spec: { ...HEADLESS, ...PREFERRED } },
  { before: { ...HEADLESS, ...PREFERRED }, spec: { ...HEADLESS, ...SINGLE } },
  { before: PREFERRED, spec: { ...PREFERRED, ...NODE } },
  { before: PREFERRED, spec: { ...PREFERRED, ports: [{ port: 81 }] } },
]

/** For clusters with both families. Each asks for addresses of its own: where one of two cannot be had, upstream does not give back the other. */
export const OF_BOTH_FAMILIES: readonly ServiceCase[] = withBoth.map((each, at) => {
  const withOwn = (part: object) =>
    JSON.parse(
      JSON.stringify(part).replaceAll(FIRST, `${FIRST}${at}`).replaceAll(SECOND, `${SECOND}${at}`),
    )
  const { before, spec } = each
  return { ...each, spec: withOwn(spec), ...(before ? { before: withOwn(before) } : {}) }
})
