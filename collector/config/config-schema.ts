import { z } from 'zod'
import {
  createRelabelRule,
  type RelabelFields,
  type RelabelRule,
  relabelActions,
} from '../relabel/relabel-rule.ts'
import {
  count,
  duration,
  fields,
  filledText,
  flag,
  httpUrl,
  labelName,
  list,
  oneOf,
  record,
  scalar,
  text,
} from './fields.ts'
import { httpClientHints, httpClientShape } from './http-client-schema.ts'

/** `conprof.yaml` by its own names, one job at a time so that a mistake in one hides nothing of the others. */
export const configFields = fields({
  global: fields({
    scrape_interval: duration.optional(),
    scrape_timeout: duration.optional(),
    external_labels: record(text).optional(),
  }).optional(),
  scrape_configs: list(z.unknown()).optional(),
})

const address = scalar((value) => {
  if (value === '') throw new SyntaxError('must not be empty')
  if (/[/\s?#@]/.test(value)) {
    throw new SyntaxError(`${JSON.stringify(value)} is no address: want host:port, without scheme or path`)
  }
  return value
})

/** Also what a file of file_sd and an answer of http_sd hold. */
export const targetGroupFields = fields({
  targets: list(address),
  labels: record(text).optional(),
})

const relabelFields = fields({
  source_labels: list(labelName).optional(),
  separator: text.optional(),
  regex: text.optional(),
  modulus: count.optional(),
  target_label: text.optional(),
  replacement: text.optional(),
  action: oneOf(relabelActions).optional(),
}).transform((raw, context): RelabelRule => {
  const names = {
    action: raw.action,
    sourceLabels: raw.source_labels,
    separator: raw.separator,
    regex: raw.regex,
    modulus: raw.modulus,
    targetLabel: raw.target_label,
    replacement: raw.replacement,
  } satisfies { [Name in keyof RelabelRule]: RelabelRule[Name] | undefined }
  const given = Object.entries(names).filter(([, value]) => value !== undefined)
  try {
    return createRelabelRule(Object.fromEntries(given) as RelabelFields)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return z.NEVER
  }
})

const sdFile = scalar((value) => {
  if (!/^[^*]*(?:\*[^/]*)?\.(?:json|ya?ml)$/i.test(value)) {
    throw new SyntaxError(
      `${JSON.stringify(value)}: want a name that ends in .json, .yml or .yaml, with * in its last part only`,
    )
  }
  return value
})

const fileSdFields = fields({
  files: list(sdFile).refine((files) => files.length > 0, 'must not be empty'),
  refresh_interval: duration.optional(),
})

const httpSdFields = fields(
  { url: httpUrl, refresh_interval: duration.optional(), ...httpClientShape },
  httpClientHints,
)

const pprofTypeFields = fields({
  enabled: flag.optional(),
  path: filledText.optional(),
  seconds: count.optional(),
})

const prefix = scalar((value) => {
  if (!/^(?:\/[^\s?#]*[^\s?#/])?$/.test(value)) {
    throw new SyntaxError(`${JSON.stringify(value)} is no prefix: want / first and none last, as /app`)
  }
  return value
})

const notYet = (other: string) => `not supported yet, use ${other}`

export const scrapeConfigFields = fields(
  {
    job_name: filledText,
    scrape_interval: duration.optional(),
    scrape_timeout: duration.optional(),
    scheme: oneOf(['http', 'https']).optional(),
    params: record(list(text)).optional(),
    ...httpClientShape,
    static_configs: list(targetGroupFields).optional(),
    file_sd_configs: list(fileSdFields).optional(),
    http_sd_configs: list(httpSdFields).optional(),
    relabel_configs: list(relabelFields).optional(),
    profiling_config: fields({
      pprof_config: record(pprofTypeFields).optional(),
      prefix: prefix.optional(),
    }).optional(),
  },
  {
    ...httpClientHints,
    dns_sd_configs: notYet('static_configs, file_sd_configs or http_sd_configs'),
    kubernetes_sd_configs: notYet('static_configs, file_sd_configs or http_sd_configs'),
    metrics_path: 'belongs to metrics, paths of profiles are profiling_config.pprof_config.<type>.path',
    metric_relabel_configs: 'belongs to metrics, use relabel_configs',
  },
)

export type RawConfig = z.infer<typeof configFields>
export type RawScrapeConfig = z.infer<typeof scrapeConfigFields>
