/** Reads KubeletConfiguration, strictly, with what files beside it change. Pure. */
import { decodeShape } from '#api/machinery/decode.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { configurationShape, type KubeletConfiguration } from './schema.ts'

export const CONFIGURATION_API_VERSION = 'kubelet.config.k8s.io/v1beta1'
export const CONFIGURATION_KIND = 'KubeletConfiguration'

export interface ConfigurationFile {
  readonly path: string
  readonly text: Uint8Array
}

/** The files in the order in which they count, the last one most: values are replaced, lists too, objects are merged. Throws a UserError. */
export function readKubeletConfiguration(
  files: readonly ConfigurationFile[],
): KubeletConfiguration {
  return files.map(decoded).reduce<object>(merged, {}) as KubeletConfiguration
}

function decoded({ path, text }: ConfigurationFile): object {
  const failed = (why: string) =>
    new UserError(`failed to load kubelet config file, path: ${path}, error: ${why}`)
  let raw: unknown
  try {
    raw = parseYaml(text)
  } catch (error) {
    throw failed(messageOf(error))
  }
  const { apiVersion = '', kind } = (raw ?? {}) as { apiVersion?: unknown; kind?: unknown }
  if (!kind) throw failed("couldn't get version/kind; json parse error: Object 'Kind' is missing")
  if (apiVersion !== CONFIGURATION_API_VERSION || kind !== CONFIGURATION_KIND)
    throw failed(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}; this kubelet reads ${CONFIGURATION_KIND} of ${CONFIGURATION_API_VERSION}`,
    )
  let unknownFields: readonly string[]
  try {
    unknownFields = decodeShape(configurationShape, raw).unknownFields
  } catch (error) {
    throw failed(messageOf(error))
  }
  if (unknownFields.length > 0) {
    const unknown = unknownFields.map(field => `unknown field ${JSON.stringify(field)}`)
    throw failed(`strict decoding error: ${unknown.join(', ')}`)
  }
  // As it is written: what is absent says nothing, and changes nothing of the files before.
  return raw as object
}

function merged(below: object, above: object): object {
  const result: Record<string, unknown> = { ...below }
  for (const [name, value] of Object.entries(above)) {
    if (value === null) continue
    const before = result[name]
    result[name] = isObject(value) && isObject(before) ? merged(before, value) : value
  }
  return result
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
