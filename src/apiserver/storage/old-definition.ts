/**
 * Definitions of custom resources as upstream stores them: in v1beta1, which nobody serves any more. There what is the same for all
 * versions stands once, beside the list of them (kubernetes/apiextensions-apiserver, pkg/apis/apiextensions/v1/conversion.go).
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'

const BETA = 'apiextensions.k8s.io/v1beta1'

/** The same in v1, or the very object where it is nothing of that kind and version. */
export function definitionFromBeta(object: KubernetesObject): KubernetesObject {
  if (object.apiVersion !== BETA || object.kind !== 'CustomResourceDefinition') return object
  const { spec } = object as KubernetesObject & { spec?: unknown }
  if (!isPlainObject(spec)) return object
  return {
    ...object,
    apiVersion: 'apiextensions.k8s.io/v1',
    spec: specFromBeta(spec),
  } as KubernetesObject
}

function specFromBeta(spec: PlainObject): PlainObject {
  const {
    version,
    versions,
    validation,
    subresources,
    additionalPrinterColumns,
    selectableFields,
    conversion,
    ...same
  } = spec
  const shared = {
    ...(validation !== undefined && { schema: validation }),
    ...(subresources !== undefined && { subresources }),
    ...(additionalPrinterColumns !== undefined && { additionalPrinterColumns }),
    ...(selectableFields !== undefined && { selectableFields }),
  }
  const listed = Array.isArray(versions) && versions.length > 0
  const all = listed ? versions : [{ name: version, served: true, storage: true }]
  return {
    ...same,
    versions: all.map(each => withPaths({ ...each, ...shared })),
    ...(isPlainObject(conversion) && { conversion: conversionFromBeta(conversion) }),
  }
}

/** Columns name their paths otherwise. */
function withPaths({ additionalPrinterColumns, ...version }: PlainObject): PlainObject {
  if (!Array.isArray(additionalPrinterColumns)) return version
  const columns = additionalPrinterColumns.map(({ JSONPath: jsonPath, ...column }) => ({
    ...column,
    jsonPath,
  }))
  return { ...version, additionalPrinterColumns: columns }
}

function conversionFromBeta(conversion: PlainObject): PlainObject {
  const { webhookClientConfig: clientConfig, conversionReviewVersions, ...same } = conversion
  if (clientConfig === undefined && conversionReviewVersions === undefined) return same
  return {
    ...same,
    webhook: { ...(clientConfig !== undefined && { clientConfig }), conversionReviewVersions },
  }
}
