import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../lib/duration.ts'
import { routePrefixOf } from '../lib/http/web-app.ts'
import { defaultTargetSettings, maxIntervalMs, minIntervalMs } from '../operator/targets/settings.ts'
import type { OperatorFlags } from '../programs/operator.ts'
import { addFlags, given, logOptions, reading, readLogFlags, readWebFlags, webOptions } from './flags.ts'
import { programContext } from './program-context.ts'

const operatorOptions: readonly Option[] = [
  new Option(
    '--namespace <name>',
    'where the release is: its collectors, Lease, ScrapeConfigs and Secrets',
  ).makeOptionMandatory(),
  new Option('--release <name>', 'of Helm; begins the names of what is written').default('conprof'),
  new Option('--kubeconfig <file>', 'instead of KUBECONFIG, ~/.kube/config or the service account'),
  new Option('--collectors.statefulset <name>', 'the collectors; <release>-collector without it'),
  new Option('--collectors.port <port>', 'where they listen').default(8080).argParser(count(65_535)),
  new Option('--collectors.scheme <scheme>', 'how they are asked').choices(['http', 'https']).default('http'),
  new Option('--collectors.route-prefix <path>', 'before the paths of their API').default('', 'none'),
  new Option('--web.token-file <file>', 'token that our programs show each other'),
]

const discoveryOptions: readonly Option[] = [
  new Option('--watch.namespaces <names>', 'only these, with commas between; all without it').argParser(
    names,
  ),
  new Option('--pod-label-selector <selector>', 'only pods that match, chosen by the API server'),
  new Option('--annotation-compat <vocabulary>', 'read other annotations too').choices(['grafana']),
  new Option('--allow-cross-namespace', 'a ProfileTarget may select pods of other namespaces').default(false),
  new Option('--suspend', 'scrape nothing').default(false),
  new Option('--default.interval <duration>', 'how often, where nothing else is said')
    .default(parseDuration('60s'), '60s')
    .argParser(reading(interval)),
  new Option(
    '--limits.per-namespace.targets <count>',
    'most targets of a namespace; the oldest stay',
  ).argParser(count(1_000_000)),
  new Option('--limits.per-namespace.min-interval <duration>', 'shortest interval').argParser(
    reading(interval),
  ),
  new Option('--limits.per-namespace.max-seconds <seconds>', 'longest timed profile').argParser(
    count(86_400),
  ),
]

/** `conprof operator`: Kubernetes to scrape configs. */
export function addOperatorCommand(program: Command): void {
  const command = program
    .command('operator')
    .usage('--namespace=<name> [flags]')
    .summary('pods and ProfileTargets become scrape configs')
    .description(
      'Watch pods and ProfileTargets, and tell each collector what to scrape, as ScrapeConfig objects.',
    )
  addFlags(command, 'Where it runs:', operatorOptions)
  addFlags(command, 'What becomes a target:', discoveryOptions)
  addFlags(command, 'How it is reached:', webOptions(':8080'))
  addFlags(command, 'What it says:', logOptions)
  command.action(async (values: Record<string, unknown>) => {
    const flags = readOperatorFlags(values)
    const { runOperator } = await import('../programs/operator.ts')
    await runOperator({ ...programContext(flags), flags })
  })
}

function readOperatorFlags(values: Readonly<Record<string, unknown>>): OperatorFlags {
  const release = String(values['release'])
  const perNamespace = {
    targets: Number(values['limits.perNamespace.targets'] ?? 0),
    minIntervalMs: Number(values['limits.perNamespace.minInterval'] ?? 0),
    maxSeconds: Number(values['limits.perNamespace.maxSeconds'] ?? 0),
  }
  return {
    ...readWebFlags(values),
    ...readLogFlags(values),
    namespace: String(values['namespace']),
    release,
    statefulSet: String(values['collectors.statefulset'] ?? `${release}-collector`),
    collectorsPort: Number(values['collectors.port']),
    collectorsScheme: values['collectors.scheme'] === 'https' ? 'https' : 'http',
    collectorsPrefix: routePrefixOf({ routePrefix: String(values['collectors.routePrefix']) }),
    watchNamespaces: (values['watch.namespaces'] ?? []) as string[],
    settings: {
      ...defaultTargetSettings,
      suspend: values['suspend'] === true,
      allowCrossNamespace: values['allowCrossNamespace'] === true,
      annotationCompat: values['annotationCompat'] === 'grafana' ? 'grafana' : 'none',
      defaults: { ...defaultTargetSettings.defaults, intervalMs: Number(values['default.interval']) },
      limits: { perNamespace },
    },
    ...given({
      kubeconfig: values['kubeconfig'],
      webTokenFile: values['web.tokenFile'],
      podLabelSelector: values['podLabelSelector'],
    }),
  }
}

function count(max: number): (text: string) => number {
  return (text) => {
    if (!/^[1-9]\d*$/.test(text) || Number(text) > max) {
      throw new InvalidArgumentError(`want a whole number from 1 to ${max}`)
    }
    return Number(text)
  }
}

/** As annotations and ProfileTargets may ask for. */
function interval(text: string): number {
  const intervalMs = parseDuration(text)
  if (intervalMs < minIntervalMs || intervalMs > maxIntervalMs)
    throw new Error('want a duration from 5s to 24h')
  return intervalMs
}

function names(text: string): string[] {
  const list = [...new Set(text.split(',').map((name) => name.trim()))]
  if (list.some((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))) {
    throw new InvalidArgumentError('want names of namespaces with commas between')
  }
  return list
}
