/** A cluster of ours takes namespaces, mounts and cgroups of the machine; throws where they are not to be had. */
export function requireRoot(): void {
  const wanted = 'want root on Linux, or a cluster of yours in CONPROF_TEST_KUBECONFIG'
  if (process.platform !== 'linux') throw new Error(`run a cluster: this is ${process.platform}, ${wanted}`)
  const user = process.geteuid?.()
  if (user !== 0) throw new Error(`run a cluster: this is user ${user}, ${wanted}`)
}
