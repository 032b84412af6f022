/** What `proa up` says to the person who started it. */

export interface ReadyFacts {
  readonly version: string
  readonly url: string
  readonly kubeconfig: string
  /** Milliseconds from the start of the process. */
  readonly elapsedMs: number
  readonly nodes: string
  readonly dataDirectory: string
  /** The data directory has the keys alone. */
  readonly keepsInMemory?: boolean
  /** Where its pages are, for one browser. */
  readonly dashboard?: string
}

/** A few lines: what is ready, where the kubeconfig is, what to type next. */
export function readyText(facts: ReadyFacts): string {
  const isForgotten = facts.keepsInMemory === true
  return [
    `Proa ${facts.version} is ready after ${(facts.elapsedMs / 1000).toFixed(2)} s: ${facts.url}`,
    `  nodes       ${facts.nodes}`,
    `  kubeconfig  ${facts.kubeconfig}`,
    `  data        ${facts.dataDirectory}${isForgotten ? ' (keys; objects are in memory)' : ''}`,
    ...(facts.dashboard === undefined ? [] : [`  dashboard   ${facts.dashboard}`]),
    '',
    'Try:',
    `  ${settingOf('KUBECONFIG', facts.kubeconfig)}`,
    '  kubectl get nodes',
    '',
    isForgotten
      ? 'Ctrl-C ends it and forgets all objects.'
      : 'Ctrl-C ends it; the data stays, and so do running pods.',
    '',
  ].join('\n')
}

/** How the usual shell of a system sets a variable. */
function settingOf(name: string, value: string, platform: string = process.platform): string {
  return platform === 'win32' ? `$env:${name} = '${value}'` : `export ${name}=${value}`
}

/** The same of `proa federation up`. */
export function federationReadyText(
  facts: Pick<ReadyFacts, 'version' | 'url' | 'kubeconfig' | 'elapsedMs' | 'dataDirectory'>,
): string {
  return [
    `Proa ${facts.version} is ready after ${(facts.elapsedMs / 1000).toFixed(2)} s as the control plane of a federation: ${facts.url}`,
    `  kubeconfig  ${facts.kubeconfig}`,
    `  data        ${facts.dataDirectory}`,
    '',
    'Try:',
    `  ${settingOf('KUBECONFIG', facts.kubeconfig)}`,
    '  proa federation join NAME --kubeconfig $KUBECONFIG --cluster-kubeconfig FILE',
    '  kubectl get clusterprofiles -n federation-system',
    '',
    'Ctrl-C ends it; the data stays, and so does all that is in clusters.',
    '',
  ].join('\n')
}

/** `1 node on containerd (web-1)`, `3 hollow nodes`, `none`. */
export function nodesText(
  kind: 'containerd' | 'hollow' | 'none',
  names: readonly string[],
): string {
  if (kind === 'none') return 'none'
  if (kind === 'containerd') return `${names.join(', ')} (containerd)`
  return names.length === 1
    ? `1 hollow node (${names[0]}): pods are simulated`
    : `${names.length} hollow nodes: pods are simulated`
}
