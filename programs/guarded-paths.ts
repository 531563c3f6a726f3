/** Of programs that only other programs of ours talk to: what `--web.token-file` guards. */
export function guardsAllButProbes(path: string): boolean {
  return path !== '/-/healthy' && path !== '/-/ready' && path !== '/metrics'
}

/** Of programs with a UI: what is for programs of ours alone. Routes match in any case, and with a slash at the end. */
export function guardsInternals(path: string): boolean {
  return /^\/(debug\/pprof|api\/v1\/(head|blocks\/pending|collector\/captures))(\/|$)/i.test(path)
}
