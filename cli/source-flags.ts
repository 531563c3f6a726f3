import { Option } from 'commander'
import { parseDuration } from '../lib/duration.ts'
import { type Labels, sortLabels } from '../profile/labels.ts'
import { given, reading } from './flags.ts'

/** Where it is said what to scrape. */
export interface SourceFlags {
  readonly configFile?: string
  readonly configKubernetes?: KubernetesRelease
  /** Which shard is this collector's. */
  readonly collectorOrdinal?: number
  readonly kubeconfig?: string
  readonly externalLabels: Labels
  /** A process that did not run for so long reads its config again. */
  readonly maxGapMs: number
}

export interface KubernetesRelease {
  readonly namespace: string
  readonly release: string
}

export const sourceOptions: readonly Option[] = [
  new Option('--config.file <file>', 'conprof.yaml; SIGHUP reads it again'),
  new Option('--config.kubernetes <namespace/release>', 'the ScrapeConfigs that conprof operator writes')
    .argParser(reading(parseRelease))
    .conflicts('config.file'),
  new Option(
    '--collector.ordinal <number>',
    'whose ScrapeConfigs; without it the number that the host name ends with, for all: 0',
  ).argParser(reading(parseOrdinal)),
  new Option('--kubeconfig <file>', 'instead of KUBECONFIG, ~/.kube/config or the service account'),
  new Option('--external-label <name=value>', 'of every series that has none of that name; repeatable')
    .default({}, 'none')
    .argParser((text: string, before: Labels) => ({ ...before, ...reading(parseLabel)(text) })),
  new Option(
    '--collector.max-gap <duration>',
    'how long it may not have run without reading its config again',
  )
    .default(parseDuration('30s'), '30s')
    .argParser(reading(parseDuration))
    .hideHelp(),
]

export function readSourceFlags(values: Readonly<Record<string, unknown>>): SourceFlags {
  return {
    externalLabels: sortLabels(Object.entries(values['externalLabel'] as Labels)),
    maxGapMs: Number(values['collector.maxGap']),
    ...given({
      configFile: values['config.file'],
      configKubernetes: values['config.kubernetes'],
      collectorOrdinal: values['collector.ordinal'],
      kubeconfig: values['kubeconfig'],
    }),
  }
}

/** As a StatefulSet names its pods; undefined where it ends with no number. */
export function ordinalOf(hostName: string): number | undefined {
  const [, digits] = /-(\d{1,4})$/.exec(hostName) ?? []
  return digits === undefined ? undefined : Number(digits)
}

function parseRelease(text: string): KubernetesRelease {
  const name = '[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?'
  const [, namespace, release] = new RegExp(`^(${name})/(${name})$`).exec(text) ?? []
  if (namespace === undefined || release === undefined) {
    throw new SyntaxError(`${JSON.stringify(text)}: want NAMESPACE/RELEASE`)
  }
  return { namespace, release }
}

function parseOrdinal(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new SyntaxError(`${JSON.stringify(text)}: want a number from 0 to 9999`)
  return Number(text)
}

function parseLabel(text: string): Labels {
  const [, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)=(.*)$/s.exec(text) ?? []
  if (name === undefined || name.startsWith('__')) {
    throw new SyntaxError(`${JSON.stringify(text)}: want NAME=VALUE, and no name that begins with __`)
  }
  return { [name]: value! }
}
