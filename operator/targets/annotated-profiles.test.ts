import t from 'tap'
import { decideSituation, describeDecision, type SituationCase } from '../../test/support/pod-shapes.ts'

const yes = { scrape: 'true' }
const bad = (annotations: Readonly<Record<string, string>>) => ({
  pod: { annotations: { ...yes, ...annotations } },
})

const cases: readonly SituationCase[] = [
  [
    'interval and timeout',
    bad({ interval: '5m', timeout: '20s' }),
    ['10.0.0.5:6060 cart/app default every 5m timeout 20s'],
  ],
  [
    'interval: "1d"',
    bad({ interval: '1d' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/interval is "1d": want a duration from 5s to 24h, such as 30s or 1m30s; it is ignored',
    ],
  ],
  [
    'interval: "60"',
    bad({ interval: '60' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/interval is "60": want a duration from 5s to 24h, such as 30s or 1m30s; it is ignored',
    ],
  ],
  [
    'interval: "1s"',
    bad({ interval: '1s' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/interval is "1s": want a duration from 5s to 24h, such as 30s or 1m30s; it is ignored',
    ],
  ],
  [
    'interval: "25h"',
    bad({ interval: '25h' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/interval is "25h": want a duration from 5s to 24h, such as 30s or 1m30s; it is ignored',
    ],
  ],
  [
    'interval too short for cpu',
    bad({ interval: '10s' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/interval is "10s": cpu 10s and 5s to spare need at least 15s; it is ignored',
    ],
  ],
  [
    'interval that is short, and cpu too',
    bad({ interval: '10s', seconds: '5' }),
    ['10.0.0.5:6060 cart/app block,cpu@5,goroutine,heap,mutex every 10s'],
  ],
  [
    'timeout: "fast"',
    bad({ timeout: 'fast' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/timeout is "fast": want a duration up to 24h, such as 10s; it is ignored',
    ],
  ],
  [
    'timeout longer than the interval',
    bad({ interval: '20s', timeout: '30s' }),
    [
      '10.0.0.5:6060 cart/app default every 20s timeout 20s',
      '! InvalidProfileAnnotation: annotation conprof.io/timeout is "30s": longer than the interval, which is used instead',
    ],
  ],
  ['seconds', bad({ seconds: '20' }), ['10.0.0.5:6060 cart/app block,cpu@20,goroutine,heap,mutex']],
  [
    'seconds: "0"',
    bad({ seconds: '0' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/seconds is "0": want a whole number from 1 to 300; it is ignored',
    ],
  ],
  [
    'seconds: "1.5"',
    bad({ seconds: '1.5' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/seconds is "1.5": want a whole number from 1 to 300; it is ignored',
    ],
  ],
  [
    'seconds: "301"',
    bad({ seconds: '301' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/seconds is "301": want a whole number from 1 to 300; it is ignored',
    ],
  ],
  [
    'seconds too long for the interval',
    bad({ seconds: '120' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/seconds is "120": cpu 120s and 5s to spare need at least 2m5s, and the interval is 1m; it is ignored',
    ],
  ],
  [
    'seconds with a longer interval',
    bad({ seconds: '120', interval: '5m' }),
    ['10.0.0.5:6060 cart/app block,cpu@120,goroutine,heap,mutex every 5m'],
  ],
  [
    'seconds and interval that do not fit',
    bad({ seconds: '120', interval: '30s' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/interval is "30s": cpu 120s and 5s to spare need at least 2m5s; it is ignored',
      '! InvalidProfileAnnotation: annotation conprof.io/seconds is "120": cpu 120s and 5s to spare need at least 2m5s, and the interval is 1m; it is ignored',
    ],
  ],
  ['profiles: exactly these', bad({ profiles: 'cpu, heap' }), ['10.0.0.5:6060 cart/app cpu,heap']],
  ['profiles: cpu by its Go name', bad({ profiles: 'profile' }), ['10.0.0.5:6060 cart/app cpu']],
  [
    'profiles: without one',
    bad({ profiles: '-block,-mutex' }),
    ['10.0.0.5:6060 cart/app cpu,goroutine,heap'],
  ],
  [
    'profiles: all',
    bad({ profiles: 'all' }),
    ['10.0.0.5:6060 cart/app allocs,block,cpu,goroutine,heap,mutex,threadcreate'],
  ],
  [
    'profiles: all without some',
    bad({ profiles: 'all,-allocs' }),
    ['10.0.0.5:6060 cart/app block,cpu,goroutine,heap,mutex,threadcreate'],
  ],
  [
    'profiles: one that is none',
    bad({ profiles: 'cpu,heep' }),
    [
      '10.0.0.5:6060 cart/app cpu',
      '! InvalidProfileAnnotation: annotation conprof.io/profiles is "heep": "heep" is no profile type: did you mean heap, or for one of your own set conprof.io/heep.path; this entry is ignored',
    ],
  ],
  [
    'profiles: nothing that is one',
    bad({ profiles: 'memory' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/profiles is "memory": "memory" is no profile type: did you mean heap, or for one of your own set conprof.io/memory.path; this entry is ignored',
    ],
  ],
  [
    'profiles: without commas',
    bad({ profiles: 'cpu heap' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/profiles is "cpu heap": "cpu heap" is no profile type: want one of allocs, block, cpu, goroutine, heap, mutex, threadcreate, trace, with commas between; this entry is ignored',
    ],
  ],
  [
    'profiles: ""',
    bad({ profiles: '' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/profiles is "": want up to 20 profile types with commas between, such as cpu,heap or -block; it is ignored',
    ],
  ],
  [
    'profiles: none left',
    bad({ profiles: '-block,-mutex,-cpu,-heap,-goroutine' }),
    ['- annotations NoProfiles: no profile type is enabled'],
  ],
  [
    'a type turned on',
    bad({ 'threadcreate.enabled': 'true' }),
    ['10.0.0.5:6060 cart/app block,cpu,goroutine,heap,mutex,threadcreate'],
  ],
  [
    'a type turned off',
    bad({ 'block.enabled': 'false' }),
    ['10.0.0.5:6060 cart/app cpu,goroutine,heap,mutex'],
  ],
  [
    'a type turned on that the list leaves out',
    bad({ profiles: 'cpu', 'heap.enabled': 'true' }),
    ['10.0.0.5:6060 cart/app cpu,heap'],
  ],
  [
    '<type>.enabled: "no"',
    bad({ 'block.enabled': 'no' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/block.enabled is "no": want "true" or "false"; it is ignored',
    ],
  ],
  [
    'a type with its path',
    bad({ 'heap.path': '/heap', 'cpu.seconds': '5' }),
    ['10.0.0.5:6060 cart/app block,cpu@5,goroutine,heap=/heap,mutex'],
  ],
  [
    'a type by its Go name',
    bad({ 'profile.seconds': '5' }),
    ['10.0.0.5:6060 cart/app block,cpu@5,goroutine,heap,mutex'],
  ],
  [
    'a type of its own',
    bad({ 'fgprof.path': '/debug/fgprof', 'fgprof.seconds': '10' }),
    ['10.0.0.5:6060 cart/app block,cpu,fgprof@10=/debug/fgprof,goroutine,heap,mutex'],
  ],
  [
    'a type of its own without a path',
    bad({ 'fgprof.seconds': '10' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/fgprof.seconds is "10": "fgprof" is no profile type: want one of allocs, block, cpu, goroutine, heap, mutex, threadcreate, trace, or for one of your own set conprof.io/fgprof.path; it is ignored',
    ],
  ],
  [
    'a type with a typo',
    bad({ 'heep.enabled': 'false' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/heep.enabled is "false": "heep" is no profile type: did you mean heap, or for one of your own set conprof.io/heep.path; it is ignored',
    ],
  ],
  [
    "a type named like an object's part",
    bad({ 'constructor.enabled': 'true', 'toString.path': '/x' }),
    [
      '10.0.0.5:6060 cart/app block,cpu,goroutine,heap,mutex,toString=/x',
      '! InvalidProfileAnnotation: annotation conprof.io/constructor.enabled is "true": "constructor" is no profile type: want one of allocs, block, cpu, goroutine, heap, mutex, threadcreate, trace, or for one of your own set conprof.io/constructor.path; it is ignored',
    ],
  ],
  [
    '<type>.path: "heap"',
    bad({ 'heap.path': 'heap' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/heap.path is "heap": want a path that starts with /, without ?, # and spaces; it is ignored',
    ],
  ],
  [
    '<type>.seconds: "long"',
    bad({ 'cpu.seconds': 'long', seconds: '7' }),
    [
      '10.0.0.5:6060 cart/app block,cpu@7,goroutine,heap,mutex',
      '! InvalidProfileAnnotation: annotation conprof.io/cpu.seconds is "long": want a whole number from 1 to 300; it is ignored',
    ],
  ],
  [
    '<type>.seconds of one that takes no time',
    bad({ 'heap.seconds': '5' }),
    [
      '10.0.0.5:6060 cart/app default',
      '! InvalidProfileAnnotation: annotation conprof.io/heap.seconds is "5": heap takes no time, so it has no seconds; it is ignored',
    ],
  ],
  [
    'limits of the namespace',
    {
      pod: { annotations: { ...yes, interval: '20s', seconds: '8' } },
      settings: { limits: { perNamespace: { targets: 0, minIntervalMs: 30_000, maxSeconds: 5 } } },
    },
    [
      '10.0.0.5:6060 cart/app block,cpu@5,goroutine,heap,mutex every 30s',
      '! ProfileLimitApplied: annotation conprof.io/seconds is "8": a namespace gets at most 5, which is used',
      '! ProfileLimitApplied: annotation conprof.io/interval is "20s": a namespace gets no less than 30s, which is used',
    ],
  ],
  [
    'limits that nobody reaches knowingly',
    {
      pod: { annotations: yes },
      settings: { limits: { perNamespace: { targets: 0, minIntervalMs: 120_000, maxSeconds: 5 } } },
    },
    ['10.0.0.5:6060 cart/app block,cpu@5,goroutine,heap,mutex every 2m'],
  ],
  [
    'defaults of the operator',
    {
      pod: { annotations: yes },
      settings: {
        defaults: {
          intervalMs: 30_000,
          timeoutMs: 5000,
          profileTypes: {
            cpu: { seconds: 5 },
            mutex: { enabled: false },
            fgprof: { path: '/debug/fgprof', seconds: 3 },
          },
        },
      },
    },
    ['10.0.0.5:6060 cart/app block,cpu@5,fgprof@3=/debug/fgprof,goroutine,heap every 30s timeout 5s'],
  ],
]

t.test('annotations choose profiles, intervals and seconds', async (t) => {
  for (const [name, situation, want] of cases)
    t.strictSame(describeDecision(decideSituation(situation)), want, name)
})
