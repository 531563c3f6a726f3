import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface Gate {
  /** `127.0.0.1:port` */
  readonly address: string
  /** Ends what goes through, and refuses what comes. */
  close(): Promise<void>
  open(): Promise<void>
}

/** A way to a server that can be closed and opened again, on the same port. */
export async function startGate(t: Test, endpoint: string): Promise<Gate> {
  const [host, port] = endpoint.split(':') as [string, string]
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const upstream = connect(Number(port), host)
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
    }
  })
  const listen = (own: number) =>
    new Promise<number>((resolve) => {
      server.listen(own, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  const own = await listen(0)
  const close = async () => {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    await closed
  }
  t.teardown(close)
  return { address: `127.0.0.1:${own}`, close, open: async () => void (await listen(own)) }
}
