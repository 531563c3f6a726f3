import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from './build-once.ts'
import { buildKubernetes, go, kubernetesVersion, writeModule } from './kubernetes-build.ts'

/** Paths of programs. */
export interface ControlPlaneBinaries {
  readonly etcd: string
  readonly kubeApiserver: string
  readonly kubectl: string
}

export const etcdVersion = '3.7.3'

/**
 * The programs in `KUBEBUILDER_ASSETS` where that is set; else built from Go modules once per machine, outside of the
 * tree, which takes about eight minutes on two cores. Of several callers one builds and the others wait.
 */
export async function controlPlaneBinaries(): Promise<ControlPlaneBinaries> {
  const given = process.env['KUBEBUILDER_ASSETS']
  if (given) return binariesIn(given)
  const name = `kubernetes-${kubernetesVersion}-etcd-${etcdVersion}`
  return binariesIn(await buildOnce(name, build))
}

function binariesIn(folder: string): ControlPlaneBinaries {
  return {
    etcd: join(folder, 'etcd'),
    kubeApiserver: join(folder, 'kube-apiserver'),
    kubectl: join(folder, 'kubectl'),
  }
}

async function build(building: string): Promise<string> {
  const bin = join(building, 'bin')
  await mkdir(bin)
  await buildEtcd(join(building, 'etcd'), bin)
  await buildKubernetes(join(building, 'kubernetes'), bin, ['kube-apiserver', 'kubectl'])
  return bin
}

/** Its go.mod has replace lines, which `go install` refuses: a module of our own requires it. */
async function buildEtcd(module: string, bin: string): Promise<void> {
  const server = 'go.etcd.io/etcd/server/v3'
  await writeModule(module, [server], `require ${server} v${etcdVersion}\n`)
  await go(['build', '-trimpath', '-o', join(bin, 'etcd'), server], module)
}
