import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce } from '../../support/build-once.ts'
import { type ControlPlaneBinaries, controlPlaneBinaries } from '../../support/control-plane-binaries.ts'
import { goProgram } from '../../support/go-program.ts'
import { buildKubernetes, kubernetesVersion } from '../../support/kubernetes-build.ts'

/** Paths of what a whole cluster runs, beside what Debian brings. */
export interface NodeBinaries extends ControlPlaneBinaries {
  readonly controllerManager: string
  readonly scheduler: string
  readonly kubelet: string
  readonly kubeProxy: string
  readonly coredns: string
}

/** Built once per machine; about twelve minutes on two cores where nothing is there yet. */
export async function nodeBinaries(): Promise<NodeBinaries> {
  const controlPlane = await controlPlaneBinaries()
  const commands = ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy']
  const folder = await buildOnce(`kubernetes-node-${kubernetesVersion}`, async (building) => {
    const bin = join(building, 'bin')
    await mkdir(bin)
    await buildKubernetes(join(building, 'kubernetes'), bin, commands)
    return bin
  })
  return {
    ...controlPlane,
    controllerManager: join(folder, 'kube-controller-manager'),
    scheduler: join(folder, 'kube-scheduler'),
    kubelet: join(folder, 'kubelet'),
    kubeProxy: join(folder, 'kube-proxy'),
    coredns: await goProgram({
      name: 'coredns',
      package: 'github.com/coredns/coredns',
      version: corednsVersion,
    }),
  }
}

const corednsVersion = 'v1.15.0'
