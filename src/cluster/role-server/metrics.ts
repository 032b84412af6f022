/** /metrics of a role that runs alone. The library behind what every process tells is loaded by the first scrape. */
import { type FigureSource, figuresText } from '#base/figures.ts'
import { version } from '#base/version.ts'
import type { ApiResponse } from '#client/transport.ts'
import { textAnswer } from './answers.ts'

const TYPE = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores' }

export function createMetrics(sources: readonly FigureSource[]): () => Promise<ApiResponse> {
  let process: Promise<{ metrics(): Promise<string> }> | undefined
  return async () => {
    process ??= processFigures()
    const own = await (await process).metrics()
    return figuresAnswer([build, ...sources], own)
  }
}

export const figuresAnswer = (sources: readonly FigureSource[], before = ''): ApiResponse =>
  textAnswer(200, before + figuresText(sources), TYPE)

async function processFigures(): Promise<{ metrics(): Promise<string> }> {
  const { Registry, collectDefaultMetrics } = await import('prom-client')
  const register = new Registry()
  collectDefaultMetrics({ register })
  return register
}

const build: FigureSource = () => {
  const { gitVersion, major, minor } = version
  const labels = { git_version: gitVersion, major, minor }
  const help = 'The version of this process.'
  return [{ name: 'kubernetes_build_info', help, type: 'gauge', values: [{ labels, value: 1 }] }]
}
