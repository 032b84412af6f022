/** The two fields by which traces are asked for, as files of the API server and of kubelets have them. Pure. */

export const DEFAULT_ENDPOINT = 'localhost:4317'
const MILLION = 1_000_000

/** What is wrong with them, in upstream's words. */
export function tracingProblems(endpoint: string, samplingRatePerMillion: number): string[] {
  const wrong: string[] = []
  const rate = 'tracing.samplingRatePerMillion: Invalid value'
  if (samplingRatePerMillion < 0)
    wrong.push(`${rate}: ${samplingRatePerMillion}: sampling rate must be positive`)
  if (samplingRatePerMillion > MILLION)
    wrong.push(
      `${rate}: ${samplingRatePerMillion}: sampling rate per million must be less than or equal to one million`,
    )
  if (!isEndpoint(endpoint))
    wrong.push(
      `tracing.endpoint: Invalid value: ${JSON.stringify(endpoint)}: not a name as gRPC knows them`,
    )
  return wrong
}

/** A host and its port, or one of the schemes of gRPC with anything. */
const isEndpoint = (text: string) =>
  /^((dns|ipv4|ipv6|unix|unix-abstract|passthrough):.+|[^\s/]*)$/.test(text)
