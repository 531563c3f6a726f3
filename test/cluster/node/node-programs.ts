import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterPlace, nodeAddress, nodeName } from './cluster-place.ts'
import type { NodeBinaries } from './node-binaries.ts'
import type { ClusterPki } from './pki.ts'

/** In the order of their start. */
export const nodeProgramNames = [
  'etcd',
  'apiserver',
  'controller-manager',
  'scheduler',
  'containerd',
  'kubelet',
  'proxy',
  'coredns',
] as const
export type NodeProgramName = (typeof nodeProgramNames)[number]

export interface NodeProgram {
  readonly path: string
  readonly parameters: readonly string[]
}

/** What runs in the cluster's network namespace. */
export function nodePrograms(
  { folder }: ClusterPlace,
  pki: ClusterPki,
  binaries: NodeBinaries,
): Record<NodeProgramName, NodeProgram> {
  const file = (name: string) => join(folder, name)
  return {
    etcd: {
      path: binaries.etcd,
      parameters: [
        `--data-dir=${file('etcd')}`,
        '--listen-client-urls=http://127.0.0.1:2379',
        '--advertise-client-urls=http://127.0.0.1:2379',
        '--listen-peer-urls=http://127.0.0.1:2380',
        // Its data goes away with the cluster.
        '--unsafe-no-fsync',
        '--log-level=warn',
      ],
    },
    apiserver: {
      path: binaries.kubeApiserver,
      parameters: [
        '--etcd-servers=http://127.0.0.1:2379',
        '--secure-port=6443',
        `--advertise-address=${nodeAddress}`,
        `--cert-dir=${pki.folder}`,
        `--tls-cert-file=${pki.apiServer.certificate}`,
        `--tls-private-key-file=${pki.apiServer.key}`,
        `--client-ca-file=${pki.caCertificate}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${pki.serviceAccountKey}`,
        `--service-account-signing-key-file=${pki.serviceAccountKey}`,
        `--token-auth-file=${pki.tokens}`,
        '--authorization-mode=Node,RBAC',
        '--service-cluster-ip-range=10.96.0.0/16',
        '--allow-privileged=true',
        // For logs, exec and port-forward.
        '--kubelet-preferred-address-types=InternalIP',
        `--kubelet-client-certificate=${pki.kubeletClient.certificate}`,
        `--kubelet-client-key=${pki.kubeletClient.key}`,
      ],
    },
    'controller-manager': {
      path: binaries.controllerManager,
      parameters: [
        `--kubeconfig=${pki.kubeconfigOf('controller-manager')}`,
        `--service-account-private-key-file=${pki.serviceAccountKey}`,
        `--root-ca-file=${pki.caCertificate}`,
        '--use-service-account-credentials=true',
        '--leader-elect=false',
        '--cluster-cidr=10.244.0.0/16',
        '--allocate-node-cidrs=true',
        `--flex-volume-plugin-dir=${file('volume-plugins')}`,
      ],
    },
    scheduler: {
      path: binaries.scheduler,
      parameters: [`--kubeconfig=${pki.kubeconfigOf('scheduler')}`, '--leader-elect=false'],
    },
    containerd: { path: 'containerd', parameters: [`--config=${file('containerd.toml')}`] },
    kubelet: {
      path: binaries.kubelet,
      parameters: [
        `--config=${file('kubelet.json')}`,
        `--kubeconfig=${pki.kubeconfigOf('node')}`,
        `--hostname-override=${nodeName}`,
        `--node-ip=${nodeAddress}`,
        `--root-dir=${file('kubelet')}`,
        `--cert-dir=${file('kubelet-pki')}`,
      ],
    },
    proxy: {
      path: binaries.kubeProxy,
      parameters: [
        `--kubeconfig=${pki.kubeconfigOf('proxy')}`,
        `--hostname-override=${nodeName}`,
        '--cluster-cidr=10.244.0.0/16',
        '--proxy-mode=iptables',
        '--conntrack-max-per-core=0',
      ],
    },
    // Beside the node, on its address: it forwards nothing to the outside.
    coredns: { path: binaries.coredns, parameters: ['-conf', file('Corefile')] },
  }
}

export const pauseImageName = 'localhost/pause:1'

/** Files that those programs read, by name below the cluster's folder. */
export function nodeFiles(place: ClusterPlace, pki: ClusterPki): Record<string, string> {
  const { folder } = place
  return {
    'cni/10-bridge.conflist': JSON.stringify({
      cniVersion: '0.4.0',
      name: place.name,
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          ipMasq: false,
          // A pod reaches itself by its Service.
          hairpinMode: true,
          ipam: {
            type: 'host-local',
            dataDir: join(folder, 'ipam'),
            ranges: [[{ subnet: '10.244.0.0/24' }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    }),
    'containerd.toml': `version = 2
root = "${join(folder, 'containerd')}"
state = "${join(folder, 'containerd-state')}"
[grpc]
  address = "${place.containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(folder, 'containerd-opt')}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImageName}"
  # Machines without CAP_SYS_RESOURCE may not lower it.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${existsSync('/usr/lib/cni/bridge') ? '/usr/lib/cni' : '/opt/cni/bin'}"
    conf_dir = "${join(folder, 'cni')}"
`,
    'kubelet.json': kubeletConfig(place, pki),
    Corefile: `.:53 {
  bind ${nodeAddress}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${pki.kubeconfigOf('dns')} test
    pods insecure
  }
}
`,
  }
}

/** `memoryAvailable` below which it evicts pods, such as `100Mi`. */
export function kubeletConfig(place: ClusterPlace, pki: ClusterPki, memoryAvailable = '100Mi'): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${place.cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${place.containerdSocket}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki.caCertificate },
    },
    authorization: { mode: 'Webhook' },
    clusterDNS: [nodeAddress],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    volumePluginDir: join(place.folder, 'volume-plugins'),
    podLogsDir: join(place.folder, 'pod-logs'),
    evictionHard: {
      'memory.available': memoryAvailable,
      'nodefs.available': '1%',
      'imagefs.available': '1%',
    },
    evictionPressureTransitionPeriod: '10s',
    imageGCHighThresholdPercent: 100,
    syncFrequency: '5s',
  })
}
