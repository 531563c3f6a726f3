// A web server that is profiled: it burns a little CPU, keeps some memory, and serves pprof on the port of its users.
import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { encode, heap, time } from '@datadog/pprof'

const burstEveryMs = 20
const itemCount = 1 << 17

const { values: flags } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:3000' },
    /** Percent of a core. */
    burn: { type: 'string', default: '0' },
  },
})
const [host, port] = flags.listen.split(/:(?=\d+$)/)
const burnMs = (burstEveryMs * Number(flags.burn)) / 100

interface Item {
  readonly name: string
  readonly weight: number
}

/** What a heap profile shows as in use: some 10 MiB. */
function loadItems(): readonly Item[] {
  const items: Item[] = []
  for (let at = 0; at < itemCount; at++) items.push({ name: `item ${at}`, weight: (at * 2654435761) % 1000 })
  return items
}

function renderPage(items: readonly Item[]): number {
  return sumWeights(items) % 1000
}

/** All of the work is in its own loop: about a millisecond, and no call. */
function sumWeights(items: readonly Item[]): number {
  let sum = 0
  for (let at = 0; at < items.length; at++) sum = (sum * 31 + items[at]!.weight) % 1000003
  return sum
}

// Only what is allocated after this is known: a sample every 512 KiB, as Go takes.
heap.start(512 * 1024, 64)
const items = loadItems()
let rendered = 0
setInterval(() => {
  const endMs = performance.now() + burnMs
  while (performance.now() < endMs) rendered ^= renderPage(items)
}, burstEveryMs)

let isProfiling = false

async function profileCpu(response: ServerResponse, seconds: number): Promise<void> {
  if (isProfiling) {
    response.writeHead(500).end('a CPU profile is already running\n')
    return
  }
  isProfiling = true
  try {
    // CPU time of each sample: by the clock alone, a server that waits is all that is seen.
    time.start({
      durationMillis: seconds * 1000,
      intervalMicros: 1000,
      withContexts: true,
      collectCpuTime: true,
    })
    await sleep(seconds * 1000)
    response.end(await encode(time.stop()))
  } finally {
    isProfiling = false
  }
}

async function answer(url: URL, response: ServerResponse): Promise<void> {
  switch (url.pathname) {
    case '/healthz':
      response.end('ok\n')
      return
    case '/debug/pprof/profile': {
      const seconds = Number(url.searchParams.get('seconds') ?? 30)
      if (seconds >= 1 && seconds <= 300) return profileCpu(response, seconds)
      response.writeHead(400).end(`seconds is "${url.searchParams.get('seconds')}", want 1 to 300\n`)
      return
    }
    case '/debug/pprof/heap':
      response.end(await encode(heap.profile()))
      return
    default:
      response.writeHead(404).end(`no such path: there are ${rendered} pages\n`)
  }
}

const server = createServer((request, response) => {
  answer(new URL(request.url ?? '/', 'http://web'), response).catch((error: unknown) => {
    response.writeHead(500).end(`${error}\n`)
  })
})
server.listen(Number(port), host, () => console.error(`serves at http://${flags.listen}`))
// The first process of a container is not ended by a signal that it does not handle.
process.once('SIGTERM', () => process.exit(0))
