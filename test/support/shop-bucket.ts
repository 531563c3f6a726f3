import type { ProcessIdentity } from '../../block/attempt.ts'
import type { BlockBuilder } from '../../block/block-builder.ts'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import type { HealthClass } from '../../block/health.ts'
import { FolderBucket } from '../../bucket/folder-bucket.ts'
import { sortLabels } from '../../profile/labels.ts'
import { drawProfile } from './drawn-profile.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

interface ShopWorkload {
  readonly workload: string
  readonly pods: readonly string[]
  /** What one pod uses `agoMs` before now; undefined where it is not there. */
  readonly cores: (agoMs: number) => number
  readonly heapBytes: (agoMs: number) => number
  readonly goroutines: (agoMs: number) => number
  /** When each of its processes began, ms before now; ascending in time. */
  readonly starts?: readonly number[]
  /** Of the attempts since then. */
  readonly failing?: { readonly sinceMs: number; readonly health: HealthClass; readonly httpStatus: number }
  /** Ms before now; no attempt after it. */
  readonly goneSince?: number
}

/** A small shop: `cart` grew since yesterday, `pay` stopped answering, `search` restarts, `import` is gone. */
const workloads: readonly ShopWorkload[] = [
  {
    workload: 'cart',
    pods: ['cart-7d9f-a', 'cart-7d9f-b', 'cart-7d9f-c'],
    cores: (ago) => (ago < hourMs ? 1.4 : 0.8),
    heapBytes: (ago) => (ago < hourMs ? 900 : ago < dayMs ? 420 : 310) * 2 ** 20,
    goroutines: (ago) => (ago < hourMs ? 5200 : 340),
  },
  {
    workload: 'checkout',
    pods: ['checkout-5c4b-a', 'checkout-5c4b-b'],
    cores: () => 0.45,
    heapBytes: () => 180 * 2 ** 20,
    goroutines: () => 120,
  },
  {
    workload: 'pay',
    pods: ['pay-66d1-a', 'pay-66d1-b'],
    cores: () => 0.2,
    heapBytes: () => 64 * 2 ** 20,
    goroutines: () => 48,
    failing: { sinceMs: 6 * minuteMs, health: 'refused', httpStatus: 0 },
  },
  {
    workload: 'search',
    pods: ['search-0'],
    cores: (ago) => (ago < 2 * hourMs ? 2.1 : 3.6),
    heapBytes: () => 2.1 * 2 ** 30,
    goroutines: () => 900,
    starts: [30 * dayMs, 9.5 * minuteMs, 4.5 * minuteMs],
  },
  {
    workload: 'import',
    pods: ['import-28941-x'],
    cores: () => 0.9,
    heapBytes: () => 700 * 2 ** 20,
    goroutines: () => 30,
    goneSince: 3 * hourMs,
  },
]

/** Where the shop was looked at: a quarter of an hour now, and one an hour, a day and a week before. */
const windows = [0, hourMs, 4 * hourMs, dayMs, 7 * dayMs]

/** Blocks of the shop in the bucket folder, a profile of each type and pod every minute up to `nowMs`. */
export async function putShop(bucketFolder: string, nowMs: number): Promise<void> {
  const bucket = await FolderBucket.open(bucketFolder)
  // One writer never numbers two attempts alike: blocks that would are taken for the same.
  let seq = 0
  for (const windowAgo of windows.toReversed()) {
    const builder = createBlockBuilder()
    for (const workload of workloads) {
      for (let ago = windowAgo + 15 * minuteMs; ago > windowAgo; ago -= minuteMs) {
        if (workload.goneSince !== undefined && ago < workload.goneSince) continue
        for (const pod of workload.pods) seq = appendPod(builder, { workload, pod, ago, nowMs, seq })
      }
    }
    const block = builder.encode()
    if (block !== undefined) await bucket.put(`blocks/${block.key}`, block.bytes)
  }
}

interface PodMoment {
  readonly workload: ShopWorkload
  readonly pod: string
  readonly ago: number
  readonly nowMs: number
  readonly seq: number
}

function appendPod(builder: BlockBuilder, { workload, pod, ago, nowMs, seq }: PodMoment): number {
  const { failing } = workload
  const process = processAt(workload, pod, { ago, nowMs })
  let number = seq
  for (const type of ['cpu', 'heap', 'goroutine'] as const) {
    const isFailed = failing !== undefined && ago < failing.sinceMs
    const labels = sortLabels(
      Object.entries({
        namespace: 'shop',
        workload: workload.workload,
        pod,
        container: 'app',
        service_name: `shop/${workload.workload}`,
        job: 'pods',
        version: workload.starts === undefined ? 'v1.9.0' : 'v2.0.1',
        profile_type: type,
      }),
    )
    const timeMs = Math.round(nowMs - ago + (pod.length % 7) * 1000)
    builder.append(
      {
        labels,
        timeMs,
        durationMs: type === 'cpu' ? 10_020 : 12,
        process,
        ...(isFailed
          ? { health: failing.health, httpStatus: failing.httpStatus }
          : { health: 'ok', httpStatus: 200, body: bodyOf(workload, pod, { type, ago, timeMs }) }),
      },
      { writer: 'shop', seq: ++number },
    )
  }
  return number
}

function processAt(
  { starts = [30 * dayMs] }: ShopWorkload,
  pod: string,
  { ago, nowMs }: { readonly ago: number; readonly nowMs: number },
): ProcessIdentity {
  const count = Math.max(1, starts.filter((start) => start >= ago).length)
  return {
    containerId: `containerd://${pod}-${count}`,
    restartCount: count - 1,
    startTimeMs: Math.round(nowMs - starts[count - 1]!),
    image: 'shop/app',
    memoryLimitBytes: 4 * 2 ** 30,
    cpuLimitMillicores: 4000,
  }
}

function bodyOf(
  workload: ShopWorkload,
  pod: string,
  at: { readonly type: 'cpu' | 'heap' | 'goroutine'; readonly ago: number; readonly timeMs: number },
): Uint8Array {
  // A little unrest, so that dots do not lie on a line.
  const phase = pod.charCodeAt(pod.length - 1)
  const wave = 1 + 0.12 * Math.sin(at.ago / 97_000 + phase) + 0.05 * Math.sin(at.ago / 31_000 + phase)
  const parts = (total: number) => [0.46, 0.3, 0.16, 0.08].map((part) => Math.round(total * part * wave))
  const base = `main.main;net/http.(*conn).serve;${workload.workload}`
  const stacks = [
    `${base}.(*Server).Handle;encoding/json.Unmarshal`,
    `${base}.(*Server).Handle;${workload.workload}.(*Store).Load;runtime.mapassign`,
    `${base}.(*Server).Render;html/template.(*Template).Execute`,
    'runtime.gcBgMarkWorker;runtime.gcDrain',
  ]
  const timeNanos = BigInt(at.timeMs) * 1_000_000n
  if (at.type === 'cpu') {
    const nanos = parts(workload.cores(at.ago) * 10e9)
    return drawProfile({
      types: ['samples/count', 'cpu/nanoseconds'],
      stacks: Object.fromEntries(
        stacks.map((stack, index) => [stack, [Math.round(nanos[index]! / 1e7), nanos[index]!]]),
      ),
      timeNanos,
      durationNanos: 10_000_000_000n,
    })
  }
  if (at.type === 'heap') {
    const bytes = parts(workload.heapBytes(at.ago))
    return drawProfile({
      types: ['inuse_objects/count', 'inuse_space/bytes'],
      stacks: Object.fromEntries(
        stacks.map((stack, index) => [stack, [Math.round(bytes[index]! / 512), bytes[index]!]]),
      ),
      timeNanos,
    })
  }
  const counts = parts(workload.goroutines(at.ago))
  return drawProfile({
    types: ['goroutine/count'],
    stacks: Object.fromEntries(stacks.map((stack, index) => [stack, [counts[index]!]])),
    timeNanos,
  })
}

/** `count` small CPU profiles of `pods` pods of a namespace in the half hour before `nowMs`, as one block. */
export async function putCrowd(
  bucketFolder: string,
  crowd: {
    readonly namespace: string
    readonly nowMs: number
    readonly count: number
    readonly pods: number
  },
): Promise<void> {
  const { namespace, nowMs, count, pods } = crowd
  const bucket = await FolderBucket.open(bucketFolder)
  const builder = createBlockBuilder()
  const each = Math.ceil(count / pods)
  const stepMs = Math.floor((30 * minuteMs) / each)
  for (let index = 0; index < count; index++) {
    const pod = index % pods
    const timeMs = nowMs - 30 * minuteMs + Math.floor(index / pods) * stepMs + pod * 7
    const nanos = Math.round(1e9 * (1 + Math.sin(index / 977) + (pod % 5)))
    const body = drawProfile({
      types: ['cpu/nanoseconds'],
      stacks: { 'main.main;crowd.work': [nanos], 'main.main;crowd.wait': [Math.round(nanos / 7)] },
      timeNanos: BigInt(timeMs) * 1_000_000n,
      durationNanos: 10_000_000_000n,
    })
    const labels = sortLabels(
      Object.entries({
        namespace,
        workload: namespace,
        pod: `${namespace}-${pod}`,
        service_name: `${namespace}/${namespace}`,
        job: 'pods',
        profile_type: 'cpu',
      }),
    )
    builder.append(
      { labels, timeMs, durationMs: 10_010, health: 'ok', httpStatus: 200, body },
      { writer: namespace, seq: index + 1 },
    )
  }
  const { key, bytes } = builder.encode()!
  await bucket.put(`blocks/${key}`, bytes)
}
