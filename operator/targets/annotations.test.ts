import t from 'tap'
import { decideSituation, describeDecision, type SituationCase } from '../../test/support/pod-shapes.ts'

const yes = { scrape: 'true' }
const bad = (annotations: Readonly<Record<string, string>>) => ({
  pod: { annotations: { ...yes, ...annotations } },
})

const cases: readonly SituationCase[] = [
  ['no annotation', { pod: {} }, []],
  ['scrape: "false"', { pod: { annotations: { scrape: 'false' } } }, []],
  [
    'scrape: "True"',
    { pod: { annotations: { scrape: 'True' } } },
    [
      '- annotations InvalidAnnotation: annotation conprof.io/scrape is "True": want "true" or "false"; nothing is scraped for it until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/scrape is "True": want "true" or "false"; nothing is scraped for it until it is right',
    ],
  ],
  [
    'scrape: "1"',
    { pod: { annotations: { scrape: '1' } } },
    [
      '- annotations InvalidAnnotation: annotation conprof.io/scrape is "1": want "true" or "false"; nothing is scraped for it until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/scrape is "1": want "true" or "false"; nothing is scraped for it until it is right',
    ],
  ],
  [
    'scrape: ""',
    { pod: { annotations: { scrape: '' } } },
    [
      '- annotations InvalidAnnotation: annotation conprof.io/scrape is "": want "true" or "false"; nothing is scraped for it until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/scrape is "": want "true" or "false"; nothing is scraped for it until it is right',
    ],
  ],
  [
    'scrape as a label',
    { pod: { labels: { 'conprof.io/scrape': 'true' } } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'scrape as a label with a wrong value',
    { pod: { labels: { 'conprof.io/scrape': 'yes' } } },
    [
      '- annotations InvalidAnnotation: label conprof.io/scrape is "yes": want "true" or "false"; nothing is scraped for it until it is right',
      '! InvalidProfileAnnotation: label conprof.io/scrape is "yes": want "true" or "false"; nothing is scraped for it until it is right',
    ],
  ],
  [
    'a label that says no to an annotation',
    { pod: { annotations: yes, labels: { 'conprof.io/scrape': 'false' } } },
    [],
  ],
  ['other annotations without scrape', { pod: { annotations: { port: '6060' } } }, []],
  [
    'scrape with a typo',
    { pod: { annotations: { scrap: 'true' } } },
    [
      '! InvalidProfileAnnotation: annotation conprof.io/scrap is "true": no such annotation: did you mean conprof.io/scrape; it is ignored',
    ],
  ],
  [
    'an annotation that is none',
    { pod: { annotations: { ...yes, enabled: 'true' } } },
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/enabled is "true": no such annotation: want one of scrape, port, path, scheme, container, profiles, interval, timeout, seconds, job, service-name; it is ignored',
    ],
  ],
  [
    'a field of a type with a typo',
    bad({ 'cpu.second': '5' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/cpu.second is "5": no such annotation: did you mean conprof.io/cpu.seconds; it is ignored',
    ],
  ],
  ['path', bad({ path: '/app' }), ['10.0.0.5:6060/app cart/app default']],
  ['path with a slash at the end', bad({ path: '/app/' }), ['10.0.0.5:6060/app cart/app default']],
  [
    'path: the whole path',
    bad({ path: '/app/debug/pprof' }),
    [
      '10.0.0.5:6060/app cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/path is "/app/debug/pprof": /debug/pprof and the name of each profile are appended anyway; want /app',
    ],
  ],
  [
    'path: the whole path, without a prefix',
    bad({ path: '/debug/pprof/' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/path is "/debug/pprof/": /debug/pprof and the name of each profile are appended anyway; leave it out',
    ],
  ],
  [
    'path: that of one profile',
    bad({ path: '/app/debug/pprof/heap' }),
    [
      '10.0.0.5:6060/app cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/path is "/app/debug/pprof/heap": /debug/pprof and the name of each profile are appended anyway; want /app',
    ],
  ],
  [
    'path without a slash',
    bad({ path: 'app' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/path is "app": want what goes before /debug/pprof: a path that starts with /, without ?, #, spaces and ..; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/path is "app": want what goes before /debug/pprof: a path that starts with /, without ?, #, spaces and ..; nothing is scraped there until it is right',
    ],
  ],
  [
    'path with a query',
    bad({ path: '/app?x=1' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/path is "/app?x=1": want what goes before /debug/pprof: a path that starts with /, without ?, #, spaces and ..; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/path is "/app?x=1": want what goes before /debug/pprof: a path that starts with /, without ?, #, spaces and ..; nothing is scraped there until it is right',
    ],
  ],
  [
    'path that climbs',
    bad({ path: '/app/../admin' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/path is "/app/../admin": want what goes before /debug/pprof: a path that starts with /, without ?, #, spaces and ..; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/path is "/app/../admin": want what goes before /debug/pprof: a path that starts with /, without ?, #, spaces and ..; nothing is scraped there until it is right',
    ],
  ],
  ['scheme', bad({ scheme: 'https' }), ['https://10.0.0.5:6060 cart/app default']],
  [
    'scheme: "ftp"',
    bad({ scheme: 'ftp' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/scheme is "ftp": want http or https; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/scheme is "ftp": want http or https; nothing is scraped there until it is right',
    ],
  ],
  [
    'container: "App!"',
    bad({ container: 'App!' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/container is "App!": want up to 8 names of containers with commas between; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/container is "App!": want up to 8 names of containers with commas between; nothing is scraped there until it is right',
    ],
  ],
  [
    'container: ""',
    bad({ container: '' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/container is "": want up to 8 names of containers with commas between; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/container is "": want up to 8 names of containers with commas between; nothing is scraped there until it is right',
    ],
  ],
  [
    'port: "0"',
    bad({ port: '0' }),
    [
      '- annotations 0 InvalidAnnotation: annotation conprof.io/port is "0": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "0": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    'port: "65536"',
    bad({ port: '65536' }),
    [
      '- annotations 65536 InvalidAnnotation: annotation conprof.io/port is "65536": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "65536": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    'port: "-1"',
    bad({ port: '-1' }),
    [
      '- annotations -1 InvalidAnnotation: annotation conprof.io/port is "-1": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "-1": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    'port: "6060/tcp"',
    bad({ port: '6060/tcp' }),
    [
      '- annotations 6060/tcp InvalidAnnotation: annotation conprof.io/port is "6060/tcp": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "6060/tcp": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    'port: ""',
    bad({ port: '' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/port is "": want up to 8 ports with commas between, each a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "": want up to 8 ports with commas between, each a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    'port: one right, one wrong',
    bad({ port: '6060,http_port' }),
    [
      '10.0.0.5:6060 cart/app default',
      '- annotations http_port InvalidAnnotation: annotation conprof.io/port is "http_port": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "http_port": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    'port: nine of them',
    bad({ port: '1,2,3,4,5,6,7,8,9' }),
    [
      '- annotations InvalidAnnotation: annotation conprof.io/port is "1,2,3,4,5,6,7,8,9": want up to 8 ports with commas between, each a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "1,2,3,4,5,6,7,8,9": want up to 8 ports with commas between, each a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    '<type>.port',
    bad({ 'cpu.port': '8080' }),
    ['10.0.0.5:6060 cart/app block,goroutine,heap,mutex', '10.0.0.5:8080 cart/app cpu'],
  ],
  ['<type>.port that is the port anyway', bad({ 'cpu.port': '6060' }), ['10.0.0.5:6060 cart/app default']],
  [
    '<type>.port: "#"',
    bad({ 'cpu.port': '#' }),
    [
      '10.0.0.5:6060 cart/app block,goroutine,heap,mutex',
      '- annotations cpu InvalidAnnotation: annotation conprof.io/cpu.port is "#": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/cpu.port is "#": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    '<type>.port and a wrong port',
    bad({ port: '#', 'cpu.port': '8080' }),
    [
      '10.0.0.5:8080 cart/app cpu',
      '- annotations # InvalidAnnotation: annotation conprof.io/port is "#": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
      '! InvalidProfileAnnotation: annotation conprof.io/port is "#": want a number from 1 to 65535 or the name of a port; nothing is scraped there until it is right',
    ],
  ],
  [
    'job and service-name',
    bad({ job: 'batch', 'service-name': 'Cart service' }),
    ['10.0.0.5:6060 cart/app default service Cart service job batch'],
  ],
  [
    'job: too long',
    bad({ job: 'x'.repeat(200) }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/job is "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…": want 1 to 128 characters, without spaces around them and control characters; it is ignored',
    ],
  ],
  [
    'service-name with a line break',
    bad({ 'service-name': 'a\nb' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/service-name is "a\\nb": want 1 to 128 characters, without spaces around them and control characters; it is ignored',
    ],
  ],
  [
    'a namespace that wants all its pods',
    { pod: {}, namespace: { annotations: yes } },
    ['10.0.0.5:6060 cart/app default'],
  ],
  [
    'a namespace that wants all its pods, one of which has no port',
    { pod: { containers: 'app' }, namespace: { annotations: yes } },
    [
      '- annotations NoPort: no container declares a TCP port: the pod has no ports; say which, or name one pprof',
    ],
  ],
  [
    'a namespace that wants all, and a pod that does not',
    { pod: { annotations: { scrape: 'false' } }, namespace: { annotations: yes } },
    [],
  ],
  [
    'defaults of the namespace',
    {
      pod: { annotations: yes },
      namespace: { annotations: { interval: '5m', port: 'http', profiles: 'heap' } },
    },
    ['10.0.0.5:8080 cart/app heap every 5m'],
  ],
  [
    'defaults of the namespace that the pod changes',
    {
      pod: { annotations: { ...yes, port: '6060' } },
      namespace: { annotations: { interval: '5m', port: 'http' } },
    },
    ['10.0.0.5:6060 cart/app default every 5m'],
  ],
  [
    'a wrong default of the namespace',
    { pod: { annotations: yes }, namespace: { annotations: { interval: 'often' } } },
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/interval of namespace shop is "often": want a duration from 5s to 24h, such as 30s or 1m30s; it is ignored',
    ],
  ],
  [
    'a wrong value of the pod, a right one of the namespace',
    { pod: { annotations: { ...yes, interval: 'often' } }, namespace: { annotations: { interval: '5m' } } },
    [
      '10.0.0.5:6060 cart/app default every 5m',
      '! InvalidProfileAnnotation: annotation conprof.io/interval is "often": want a duration from 5s to 24h, such as 30s or 1m30s; it is ignored',
    ],
  ],
  [
    'scrape: "on" on the namespace',
    { pod: {}, namespace: { annotations: { scrape: 'on' } } },
    [
      '! InvalidProfileAnnotation: annotation conprof.io/scrape of namespace shop is "on": want "true" or "false"; nothing is scraped for it until it is right',
    ],
  ],
]

t.test('annotations make targets, and wrong ones say what is wanted', async (t) => {
  for (const [name, situation, want] of cases)
    t.strictSame(describeDecision(decideSituation(situation)), want, name)
})
