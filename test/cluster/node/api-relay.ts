// Brings the API server to this machine's loopback: `node api-relay.ts ADDRESS PORT` runs in the cluster's network
// namespace and takes connections from a listening socket that was made outside of it and handed in.
import { connect, type Server, type Socket } from 'node:net'

const [address, port] = process.argv.slice(2)

process.once('message', (_, listening) => {
  const server = listening as Server
  server.on('connection', (client: Socket) => {
    const upstream = connect({ host: address!, port: Number(port), allowHalfOpen: true })
    client.allowHalfOpen = true
    client.pipe(upstream).pipe(client)
    // The API server may be away: who asked sees the connection end.
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  process.send?.('listening')
  process.disconnect?.()
})
