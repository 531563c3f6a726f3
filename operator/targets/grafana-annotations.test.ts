import t from 'tap'
import { decideSituation, describeDecision, type SituationCase } from '../../test/support/pod-shapes.ts'

const yes = { scrape: 'true' }
const g = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`profiles.grafana.com/${key}`, value]))
const grafana = { annotationCompat: 'grafana' } as const
const pprof = { selector: { matchLabels: { app: 'cart' } }, endpoints: [{ port: 'pprof' }] }

const cases: readonly SituationCase[] = [
  [
    "Grafana's annotations, not asked for",
    { pod: { annotations: g({ 'cpu.scrape': 'true', 'cpu.port': '6060' }) } },
    [],
  ],
  [
    "Grafana's annotations",
    {
      pod: {
        annotations: g({
          'cpu.scrape': 'true',
          'cpu.port': '6060',
          'memory.scrape': 'true',
          'memory.port_name': 'http',
          'goroutine.scrape': 'false',
        }),
      },
      settings: grafana,
    },
    ['10.0.0.5:6060 cart/app cpu', '10.0.0.5:8080 cart/app heap'],
  ],
  [
    "Grafana's annotations without a port",
    {
      pod: { annotations: g({ 'cpu.scrape': 'true', 'block.scrape': 'true', 'mutex.scrape': 'true' }) },
      settings: grafana,
    },
    ['10.0.0.5:6060 cart/app block,cpu,mutex'],
  ],
  [
    "Grafana's annotations with scheme, path and container",
    {
      pod: {
        annotations: g({
          'memory.scrape': 'true',
          'memory.port': '6060',
          'memory.scheme': 'https',
          'memory.path': '/heap',
          'memory.container': 'app',
          service_name: 'carts',
        }),
      },
      settings: grafana,
    },
    ['https://10.0.0.5:6060 cart/app heap=/heap service carts'],
  ],
  [
    "Grafana's fgprof and godeltaprof",
    {
      pod: {
        annotations: g({
          'fgprof.scrape': 'true',
          'godeltaprof_memory.scrape': 'true',
          'wall.scrape': 'true',
        }),
      },
      settings: grafana,
    },
    [
      '10.0.0.5:6060 cart/app fgprof@10=/debug/fgprof',
      '! InvalidProfileAnnotation: annotation profiles.grafana.com/godeltaprof_memory.scrape is "true": conprof has no godeltaprof_memory: want one of block, cpu, fgprof, goroutine, memory, mutex; differences are computed from memory, block and mutex, so the program needs no godeltaprof',
      '! InvalidProfileAnnotation: annotation profiles.grafana.com/wall.scrape is "true": conprof has no wall: want one of block, cpu, fgprof, goroutine, memory, mutex',
    ],
  ],
  [
    "Grafana's annotations with wrong values",
    {
      pod: {
        annotations: g({
          'cpu.scrape': 'yes',
          'memory.scrape': 'true',
          'memory.port': 'http/x',
          'block.scrape': 'true',
          'block.scheme': 'grpc',
          'mutex.scrape': 'true',
          'mutex.path': 'x',
        }),
      },
      settings: grafana,
    },
    [
      '10.0.0.5:6060 cart/app mutex',
      '- annotations block InvalidAnnotation: annotation profiles.grafana.com/block.scheme is "grpc": want http or https; nothing is scraped there until it is right',
      '- annotations cpu InvalidAnnotation: annotation profiles.grafana.com/cpu.scrape is "yes": want "true" or "false"; nothing is scraped there until it is right',
      '- annotations heap InvalidAnnotation: annotation profiles.grafana.com/memory.port is "http/x": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation profiles.grafana.com/block.scheme is "grpc": want http or https; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation profiles.grafana.com/cpu.scrape is "yes": want "true" or "false"; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation profiles.grafana.com/memory.port is "http/x": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation profiles.grafana.com/mutex.path is "x": want a path that starts with /, without ?, # and spaces; it is ignored',
    ],
  ],
  [
    "our annotations go before Grafana's",
    {
      pod: { annotations: { ...yes, profiles: 'heap', ...g({ 'cpu.scrape': 'true', 'cpu.port': '8080' }) } },
      settings: grafana,
    },
    ['10.0.0.5:6060 cart/app heap'],
  ],
  [
    "our veto goes before Grafana's",
    {
      pod: { annotations: { scrape: 'false', ...g({ 'cpu.scrape': 'true', 'cpu.port': '8080' }) } },
      settings: grafana,
    },
    [],
  ],
  [
    "a ProfileTarget goes before Grafana's",
    {
      pod: { annotations: g({ 'cpu.scrape': 'true', 'cpu.port': '6060' }) },
      settings: grafana,
      profileTargets: { a: pprof },
    },
    [
      '10.0.0.5:6060 cart/app default for a',
      '- annotations 6060 cpu Conflict: port 6060 goes to ProfileTarget/shop/a endpoint default, which goes before annotations, for cpu',
    ],
  ],
]

t.test('annotations of Grafana are understood where that is asked for', async (t) => {
  for (const [name, situation, want] of cases)
    t.strictSame(describeDecision(decideSituation(situation)), want, name)
})
