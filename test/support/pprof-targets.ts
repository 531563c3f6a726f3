import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { corpusProfile } from './corpus-profile.ts'

/** Programs with pprof endpoints on addresses of the loopback range, which count what scrapes do to each other. */
export interface PprofTargets {
  readonly port: number
  readonly ips: readonly string[]
  /** Times that a scrape of one (target, path) began while another ran. */
  overlaps(): number
  /** Begun scrapes, by `<ip><path>`. */
  scrapes(): ReadonlyMap<string, number>
  /** CPU profiles that were refused since one ran already, as Go does. */
  busy(): number
  close(): Promise<void>
}

/** Each answers real profiles: a heap at once, a CPU profile after the seconds that were asked for. */
export async function startPprofTargets(count: number): Promise<PprofTargets> {
  const profiles = {
    cpu: corpusProfile('cpu'),
    heap: corpusProfile('heap'),
    goroutine: corpusProfile('goroutine'),
  }
  const running = new Map<string, number>()
  const begun = new Map<string, number>()
  let overlapCount = 0
  let busyCount = 0
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://target')
    const key = `${request.socket.localAddress}${url.pathname}`
    begun.set(key, (begun.get(key) ?? 0) + 1)
    const others = running.get(key) ?? 0
    if (others > 0) overlapCount++
    running.set(key, others + 1)
    try {
      switch (url.pathname) {
        case '/debug/pprof/profile':
          if (others > 0) {
            busyCount++
            response.writeHead(500).end('Could not enable CPU profiling: cpu profiling already in use\n')
            return
          }
          // To the end, as programs do that do not notice a client that has gone.
          await sleep(Number(url.searchParams.get('seconds') ?? 30) * 1000)
          response.end(profiles.cpu)
          return
        case '/debug/pprof/heap':
          response.end(profiles.heap)
          return
        case '/debug/pprof/goroutine':
          response.end(profiles.goroutine)
          return
        default:
          response.writeHead(404).end('404 page not found\n')
      }
    } finally {
      running.set(key, running.get(key)! - 1)
    }
  }
  const first = await listen(answer, '127.1.0.1', 0)
  const { port } = first.address() as AddressInfo
  const ips = Array.from({ length: count }, (_, i) => `127.1.${(i + 1) >> 8}.${(i + 1) & 255}`)
  const servers = [first]
  for (const ip of ips.slice(1)) servers.push(await listen(answer, ip, port))
  return {
    port,
    ips,
    overlaps: () => overlapCount,
    scrapes: () => begun,
    busy: () => busyCount,
    close: async () => {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ip: string,
  port: number,
): Promise<Server> {
  const server = createServer((request, response) => void answer(request, response))
  server.listen(port, ip)
  await once(server, 'listening')
  return server
}
