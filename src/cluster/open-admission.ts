/** Admission plugins as flags and a file ask for them. Loaded only where somebody does. */

import { dirname, resolve } from 'node:path'
import type { SecurityOptions } from '#apiserver'
import type { ImagePolicy } from '#apiserver/admission/optional/image-policy-webhook.ts'
import type { SchedulingPolicy } from '#apiserver/admission/optional/scheduling-policy.ts'
import {
  parsePluginConfiguration,
  type RawImagePolicy,
  type RawSchedulingPolicy,
} from '#apiserver/admission/plugin-configuration.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Files } from '#host/files.ts'
import type { AdmissionSettings } from './admission-options.ts'
import { bytesOf } from './followed-file.ts'
import { reviewTargetIn } from './review-target.ts'

type Wanted = Pick<
  SecurityOptions,
  'enabledAdmission' | 'disabledAdmission' | 'pluginConfiguration'
>

/** Rejects with a UserError. */
export async function openAdmission(
  { enabled = [], disabled = [], configFile }: AdmissionSettings,
  { files }: { readonly files: Pick<Files, 'read'> },
): Promise<{ readonly security: Wanted; close(): void }> {
  const read = configFile === undefined ? undefined : configurationIn(configFile, files)
  const needs = {
    EventRateLimit: read?.eventRateLimit,
    ImagePolicyWebhook: read?.rawImagePolicy,
    SchedulingPolicy: read?.rawSchedulingPolicy,
  }
  for (const [name, configuration] of Object.entries(needs))
    if (enabled.includes(name) && !configuration)
      throw new UserError(
        `${name} needs a configuration: give it in --admission-control-config-file`,
      )
  const imagePolicy =
    read?.rawImagePolicy && enabled.includes('ImagePolicyWebhook')
      ? await imagePolicyOf(read.rawImagePolicy, files)
      : undefined
  const schedulingPolicy =
    read?.rawSchedulingPolicy && enabled.includes('SchedulingPolicy')
      ? await schedulingPolicyOf(read.rawSchedulingPolicy, files)
      : undefined
  const opened = {
    ...(imagePolicy ? { imagePolicy } : {}),
    ...(schedulingPolicy ? { schedulingPolicy } : {}),
  }
  return {
    security: {
      enabledAdmission: new Set(enabled),
      disabledAdmission: new Set(disabled),
      ...(read ? { pluginConfiguration: { ...read, ...opened } } : {}),
    },
    close() {
      for (const { target } of Object.values(opened)) target.caller.close()
    },
  }
}

const ALLOW_TTL_SECONDS = 5 * 60
const DENY_TTL_SECONDS = 30
const RETRY_BACKOFF_MS = 500

async function imagePolicyOf(
  { kubeConfigFile, allowTTL, denyTTL, retryBackoff, defaultAllow }: RawImagePolicy,
  files: Pick<Files, 'read'>,
): Promise<ImagePolicy> {
  return {
    target: await reviewTargetIn(kubeConfigFile, files),
    allowTtlMs: (allowTTL || ALLOW_TTL_SECONDS) * 1000,
    denyTtlMs: (denyTTL || DENY_TTL_SECONDS) * 1000,
    retryBackoffMs: retryBackoff || RETRY_BACKOFF_MS,
    defaultAllow: defaultAllow ?? false,
  }
}

/** Federation v1's. */
const POLICY_BACKOFF_MS = 100

async function schedulingPolicyOf(
  { kubeconfig, retryBackoff }: RawSchedulingPolicy,
  files: Pick<Files, 'read'>,
): Promise<SchedulingPolicy> {
  return {
    target: await reviewTargetIn(kubeconfig, files),
    retryBackoffMs: retryBackoff || POLICY_BACKOFF_MS,
  }
}

function configurationIn(path: string, files: Pick<Files, 'read'>) {
  let bytes: Buffer
  try {
    bytes = bytesOf(path, files)
  } catch (error) {
    throw new UserError(
      `unable to read admission control configuration from ${JSON.stringify(path)} [${messageOf(error)}]`,
    )
  }
  // Files that it names are beside it.
  return parsePluginConfiguration(bytes, path, name => bytesOf(resolve(dirname(path), name), files))
}
