import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const program = fileURLToPath(new URL('../bin/conprof.js', import.meta.url))

async function messageOf(...flags: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'operator', ...flags], (_, _stdout, stderr) => resolve(stderr))
  })
}

t.test('flags that would be no good are refused before anything is asked', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['--default.interval=1s', /'1s' is invalid\. want a duration from 5s to 24h/],
    ['--default.interval=2d', /'2d' is invalid\. want a duration from 5s to 24h/],
    ['--limits.per-namespace.min-interval=often', /'often' is invalid/],
    ['--limits.per-namespace.targets=0', /want a whole number from 1 to 1000000/],
    ['--limits.per-namespace.max-seconds=1.5', /want a whole number from 1 to 86400/],
    ['--watch.namespaces=shop,,pay', /want names of namespaces with commas between/],
    ['--watch.namespaces=Shop', /want names of namespaces with commas between/],
    ['--annotation-compat=pyroscope', /Allowed choices are grafana/],
    ['--collectors.port=70000', /want a whole number from 1 to 65535/],
  ]
  for (const [flag, message] of cases) t.match(await messageOf('--namespace=x', flag), message, flag)
  t.match(await messageOf(), /required option '--namespace <name>' not specified/)
})
