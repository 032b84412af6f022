/** Writes a kubeconfig: JSON is YAML, but people open this file, so it looks as kubectl would write it. */
export interface KubeconfigFacts {
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string
  /** Name of cluster and context; `proa` unless there are several. */
  readonly name?: string
  readonly user?: string
  readonly namespace?: string
  /** PEM of the client's certificate and key, or a token instead. */
  readonly cert?: string
  readonly key?: string
  /** Or where they are. */
  readonly certificateFile?: string
  readonly keyFile?: string
  readonly token?: string
}

export function kubeconfigOf(facts: KubeconfigFacts): string {
  const cluster = JSON.stringify(facts.name ?? 'proa')
  const user = JSON.stringify(facts.user ?? `${facts.name ?? 'proa'}-admin`)
  const lines = [
    'apiVersion: v1',
    'kind: Config',
    'preferences: {}',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(facts.ca)}`,
    `    server: ${JSON.stringify(facts.server)}`,
    `  name: ${cluster}`,
    'contexts:',
    '- context:',
    `    cluster: ${cluster}`,
    ...(facts.namespace ? [`    namespace: ${JSON.stringify(facts.namespace)}`] : []),
    `    user: ${user}`,
    `  name: ${cluster}`,
    `current-context: ${cluster}`,
    'users:',
    `- name: ${user}`,
    '  user:',
    ...(facts.cert ? [`    client-certificate-data: ${base64(facts.cert)}`] : []),
    ...(facts.key ? [`    client-key-data: ${base64(facts.key)}`] : []),
    ...(facts.certificateFile
      ? [`    client-certificate: ${JSON.stringify(facts.certificateFile)}`]
      : []),
    ...(facts.keyFile ? [`    client-key: ${JSON.stringify(facts.keyFile)}`] : []),
    ...(facts.token ? [`    token: ${JSON.stringify(facts.token)}`] : []),
  ]
  return `${lines.join('\n')}\n`
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
