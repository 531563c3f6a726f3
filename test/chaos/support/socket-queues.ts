import { readFileSync } from 'node:fs'

export interface SocketQueue {
  readonly remoteAddress: string
  readonly localPort: number
  /** That came and that the program has not read yet. */
  readonly unreadBytes: number
}

/** Of the established TCP connections in the network namespace of the process `pid`. */
export function socketQueues(pid: number): SocketQueue[] {
  return ['tcp', 'tcp6'].flatMap((name) => {
    const [, ...lines] = readFileSync(`/proc/${pid}/net/${name}`, 'utf8').trimEnd().split('\n')
    return lines.flatMap((line) => {
      const [, local, remote, state, queues] = line.trim().split(/\s+/)
      if (state !== '01') return []
      const localPort = Number.parseInt(local!.split(':')[1]!, 16)
      const unreadBytes = Number.parseInt(queues!.split(':')[1]!, 16)
      return [{ remoteAddress: ipv4Of(remote!), localPort, unreadBytes }]
    })
  })
}

/** The last four bytes stand there as one little-endian number, also of an IPv4 address within IPv6. */
function ipv4Of(remote: string): string {
  const bytes = remote.split(':')[0]!.slice(-8).match(/../g)!
  return bytes
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}
