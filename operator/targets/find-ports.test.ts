import t from 'tap'
import { decideSituation, describeDecision, type SituationCase } from '../../test/support/pod-shapes.ts'

const yes = { scrape: 'true' }

const cases: readonly SituationCase[] = [
  ['a port named pprof', { pod: { annotations: yes } }, ['10.0.0.5:6060 cart/app default']],
  [
    'a port whose name ends in -pprof',
    { pod: { annotations: yes, containers: 'app 8080/http 6060/http-pprof' } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'a port named debug',
    { pod: { annotations: yes, containers: 'app 8080/http 6060/debug' } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'pprof goes before debug',
    { pod: { annotations: yes, containers: 'app 6061/debug 6060/pprof' } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'a name that only begins with pprof',
    { pod: { annotations: yes, containers: 'app 8080/http 6060/pprof-old' } },
    [
      '- annotations AmbiguousPort: several ports might be meant: app 8080 (http), 6060 (pprof-old); say which, or name one pprof',
    ],
  ],
  [
    'the only port, whatever its name',
    { pod: { annotations: yes, containers: 'app 8080/http' } },
    ['10.0.0.5:8080 cart/app default'],
  ],
  [
    'the only port, without a name',
    { pod: { annotations: yes, containers: 'app 8080' } },
    ['10.0.0.5:8080 cart/app default'],
  ],
  [
    'several ports, none of which says',
    { pod: { annotations: yes, containers: 'app 8080/http 9090/metrics' } },
    [
      '- annotations AmbiguousPort: several ports might be meant: app 8080 (http), 9090 (metrics); say which, or name one pprof',
    ],
  ],
  [
    'no ports at all',
    { pod: { annotations: yes, containers: 'app' } },
    [
      '- annotations NoPort: no container declares a TCP port: the pod has no ports; say which, or name one pprof',
    ],
  ],
  [
    'only a UDP port',
    { pod: { annotations: yes, containers: 'app 8125/statsd/UDP' } },
    [
      '- annotations NoPort: no container declares a TCP port: the pod has app 8125 (statsd, UDP); say which, or name one pprof',
    ],
  ],
  [
    'UDP and SCTP beside the only TCP port',
    { pod: { annotations: yes, containers: 'app 8125/statsd/UDP 9899/x/SCTP 6060' } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'a UDP port named pprof',
    { pod: { annotations: yes, containers: 'app 6060/pprof/UDP 8080/http' } },
    ['10.0.0.5:8080 cart/app default'],
  ],
  [
    'a port by number',
    { pod: { annotations: { ...yes, port: '8080' } } },
    ['10.0.0.5:8080 cart/app default'],
  ],
  [
    'a port by number that nobody declares',
    { pod: { annotations: { ...yes, port: '7070' } } },
    ['10.0.0.5:7070 cart/app default'],
  ],
  ['a port by name', { pod: { annotations: { ...yes, port: 'http' } } }, ['10.0.0.5:8080 cart/app default']],
  [
    'a port by a name that nobody has',
    { pod: { annotations: { ...yes, port: 'admin' } } },
    [
      '- annotations admin NoSuchPort: no container names a port "admin": the pod has app 8080 (http), 6060 (pprof)',
    ],
  ],
  [
    'a port by the name of a UDP port',
    { pod: { containers: 'app 8125/statsd/UDP 8080/http', annotations: { ...yes, port: 'statsd' } } },
    [
      '- annotations statsd NoSuchPort: no container names a port "statsd": the pod has app 8125 (statsd, UDP), 8080 (http); statsd is UDP, want TCP',
    ],
  ],
  [
    'two ports',
    { pod: { annotations: { ...yes, port: '8080, pprof' } } },
    ['10.0.0.5:8080 cart/app default', '10.0.0.5:6060 cart/app default'],
  ],
  [
    'one port said twice',
    { pod: { annotations: { ...yes, port: '6060,pprof' } } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'one number declared for TCP and UDP',
    { pod: { annotations: yes, containers: 'app 6060/a/TCP 6060/b/UDP' } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'one number declared twice',
    { pod: { annotations: yes, containers: 'app 6060/http 6060/pprof' } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'the only port of two containers',
    { pod: { annotations: yes, containers: 'app; helper 6060' } },
    ['10.0.0.5:6060 cart/helper default'],
  ],
  [
    'two containers with a port each',
    { pod: { annotations: yes, containers: 'app 8080; helper 9090' } },
    [
      '- annotations AmbiguousPort: several ports might be meant: app 8080; helper 9090; say which, or name one pprof',
    ],
  ],
  [
    'two containers that both name one pprof',
    { pod: { annotations: yes, containers: 'app 6060/pprof; helper 6061/pprof' } },
    ['10.0.0.5:6060 cart/app default', '10.0.0.5:6061 cart/helper default'],
  ],
  [
    'two containers of which one is named',
    {
      pod: { annotations: { ...yes, container: 'helper' }, containers: 'app 6060/pprof; helper 6061/pprof' },
    },
    ['10.0.0.5:6061 cart/helper default'],
  ],
  [
    'both containers are named',
    {
      pod: {
        annotations: { ...yes, container: 'app,helper', port: 'pprof' },
        containers: 'app 6060/pprof; helper 6061/pprof; third 6062/pprof',
      },
    },
    ['10.0.0.5:6060 cart/app default', '10.0.0.5:6061 cart/helper default'],
  ],
  [
    'one number in two containers',
    { pod: { annotations: { ...yes, port: '6060' }, containers: 'app 6060/pprof; helper 6060/pprof' } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'one number in a proxy and a program',
    { pod: { annotations: { ...yes, port: '6060' }, containers: 'istio-proxy 6060; app 6060' } },
    [
      '10.0.0.5:6060 cart/app default in istio (else annotate the pod template with traffic.sidecar.istio.io/excludeInboundPorts: "6060")',
    ],
  ],
  [
    'a container that is not there',
    { pod: { annotations: { ...yes, container: 'cart' } } },
    ['- annotations NoSuchContainer: there is no container "cart": the pod has app'],
  ],
  [
    'a named container without ports',
    { pod: { annotations: { ...yes, container: 'helper' }, containers: 'app 6060/pprof; helper' } },
    [
      '- annotations NoPort: helper declares no TCP port: the pod has app 6060 (pprof); say which, or name one pprof',
    ],
  ],
  [
    'a named container and a port that it does not declare',
    {
      pod: {
        annotations: { ...yes, container: 'helper', port: '7070' },
        containers: 'app 6060/pprof; helper',
      },
    },
    ['10.0.0.5:7070 cart/helper default'],
  ],
  [
    'a named container and a port of another one',
    {
      pod: {
        annotations: { ...yes, container: 'helper', port: '6060' },
        containers: 'app 6060/pprof; helper',
      },
    },
    ['- annotations 6060 NoSuchPort: port 6060 is of container app, not of helper'],
  ],
  [
    'an undeclared port in a pod of two',
    { pod: { annotations: { ...yes, port: '7070' }, containers: 'app 8080; helper 9090' } },
    ['10.0.0.5:7070 cart/? default'],
  ],
  [
    'an undeclared port in a pod of two, one of which is the main one',
    {
      pod: {
        annotations: { ...yes, port: '7070', 'kubectl.kubernetes.io/default-container': 'app' },
        containers: 'app 8080; helper 9090',
      },
    },
    ['10.0.0.5:7070 cart/app default'],
  ],
  [
    'an undeclared port beside a proxy',
    { pod: { annotations: { ...yes, port: '7070' }, containers: 'app 8080; envoy 9901' } },
    ['10.0.0.5:7070 cart/app default'],
  ],
  [
    'a native sidecar with a pprof port',
    { pod: { annotations: yes, containers: 'app 8080; +cache 6060/pprof' } },
    ['10.0.0.5:6060 cart/cache default'],
  ],
  [
    'a native sidecar is a program like others',
    { pod: { annotations: yes, containers: 'app 8080; +cache 9090' } },
    [
      '- annotations AmbiguousPort: several ports might be meant: app 8080; cache 9090; say which, or name one pprof',
    ],
  ],
  [
    'an init container is never guessed',
    { pod: { annotations: yes, containers: '-migrate 6060/pprof; app 8080' } },
    ['10.0.0.5:8080 cart/app default'],
  ],
  [
    'an init container with the port that is asked for',
    { pod: { annotations: { ...yes, port: '6060' }, containers: '-migrate 6060/pprof; app 8080' } },
    [
      '- annotations 6060 PortOfInitContainer: port 6060 is of container migrate, which runs once, before the others; name another container if that listens too',
    ],
  ],
  [
    'an init container with the port, by name',
    { pod: { annotations: { ...yes, port: 'pprof' }, containers: '-migrate 6060/pprof; app 8080' } },
    [
      '- annotations pprof PortOfInitContainer: port pprof is of container migrate, which runs once, before the others; name another container if that listens too',
    ],
  ],
  [
    'an init container with the port, which app listens on too',
    {
      pod: {
        annotations: { ...yes, port: '6060', container: 'app' },
        containers: '-migrate 6060/pprof; app 8080',
      },
    },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'an init container is named',
    { pod: { annotations: { ...yes, container: 'migrate' }, containers: '-migrate 6060/pprof; app 8080' } },
    [
      '- annotations PortOfInitContainer: container "migrate" runs once, before the others, so it is no target',
    ],
  ],
  [
    'an ephemeral container is never a target',
    { pod: { annotations: yes, containers: 'app 8080; ~debugger 6060/pprof' } },
    ['10.0.0.5:8080 cart/app default'],
  ],
  [
    'an ephemeral container is named',
    { pod: { annotations: { ...yes, container: 'debugger' }, containers: 'app 8080; ~debugger 6060/pprof' } },
    ['- annotations PortOfInitContainer: container "debugger" is there for debugging, so it is no target'],
  ],
  [
    'a proxy beside the only port',
    { pod: { annotations: yes, containers: 'app 8080; vault-agent 8200; otel-agent 4317/grpc 1777/pprof' } },
    ['10.0.0.5:8080 cart/app default'],
  ],
  [
    'only a proxy declares ports',
    { pod: { annotations: yes, containers: 'app; istio-proxy 15090/http-envoy-prom' } },
    [
      '- annotations ProxyNotGuessed: only proxies declare ports, which are never guessed: istio-proxy 15090 (http-envoy-prom), a proxy; say which',
    ],
  ],
  [
    'a proxy is named',
    { pod: { annotations: { ...yes, container: 'envoy' }, containers: 'app 8080; envoy 9901' } },
    ['10.0.0.5:9901 cart/envoy default'],
  ],
  [
    'a port of a proxy is named',
    { pod: { annotations: { ...yes, port: '9901' }, containers: 'app 8080; envoy 9901' } },
    ['10.0.0.5:9901 cart/envoy default'],
  ],
  [
    'a pod that is a proxy',
    { pod: { annotations: yes, containers: 'envoy 6060/pprof' } },
    [
      '- annotations ProxyNotGuessed: only proxies declare ports, which are never guessed: envoy 6060 (pprof), a proxy; say which',
    ],
  ],
]

t.test('findPorts() finds the port that is meant, or says what it saw', async (t) => {
  for (const [name, situation, want] of cases) {
    // A drop says the same as its problem, which the next test has.
    const lines = describeDecision(decideSituation(situation)).filter((line) => !line.startsWith('!'))
    t.strictSame(lines, want, name)
  }
})

t.test('a pod that asks for a port that is not there has a problem', async (t) => {
  const problems = (annotations: Record<string, string>, containers: string) =>
    decideSituation({ pod: { annotations: { ...yes, ...annotations }, containers } }).problems
  t.strictSame(problems({}, 'app 8080/http 9090/metrics'), [
    {
      reason: 'NoProfilePort',
      key: 'conprof.io/port',
      value: '',
      note: 'annotation conprof.io/port is missing: several ports might be meant: app 8080 (http), 9090 (metrics); say which, or name one pprof',
    },
  ])
  t.strictSame(problems({ port: 'admin' }, 'app 8080'), [
    {
      reason: 'NoProfilePort',
      key: 'conprof.io/port',
      value: 'admin',
      note: 'annotation conprof.io/port is "admin": no container names a port "admin": the pod has app 8080',
    },
  ])
  t.strictSame(problems({ container: 'web' }, 'app 8080'), [
    {
      reason: 'NoProfilePort',
      key: 'conprof.io/container',
      value: 'web',
      note: 'annotation conprof.io/container is "web": there is no container "web": the pod has app',
    },
  ])
  // Nobody wrote anything wrong where only the namespace asks.
  const inherited = decideSituation({ pod: { containers: 'app' }, namespace: { annotations: yes } })
  t.strictSame(inherited.problems, [])
})
