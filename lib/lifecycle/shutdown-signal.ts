/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once, for those in a hurry. */
export function shutdownSignal(): AbortSignal {
  const shutdown = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (shutdown.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
      shutdown.abort(new Error(`stopped by ${name}`))
    })
  }
  return shutdown.signal
}
