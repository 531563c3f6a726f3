/**
 * What the figures of `conprof check capacity` are made of: means over the recorded Go programs (etcd, kube-apiserver,
 * Prometheus), one of each kind of size. `npm run bench:scale` prints them again as `capacity.*`; docs/operating.md
 * says what that is. Bytes and milliseconds are of one profile unless something else is named.
 */
export const measured = {
  perProfile: {
    heap: { wireBytes: 55_900, storedBytes: 620, cutBytes: 760, headBytes: 1180, scrapeCpuMs: 3.0 },
    goroutine: { wireBytes: 9_950, storedBytes: 21, cutBytes: 26, headBytes: 210, scrapeCpuMs: 0.8 },
    cpu: { wireBytes: 5_960, storedBytes: 146, cutBytes: 180, headBytes: 390, scrapeCpuMs: 0.9 },
  },
  /** Of one service, all its profile types together. */
  perService: {
    symbolBytesPerDay: 76_000,
    symbolBytesPerCut: 51_000,
    /** What a head holds of it, by how many minutes after the cut; between them it is a line. */
    headBytes: [
      [1, 210_000],
      [3, 307_000],
      [30, 660_000],
    ] as readonly (readonly [minutes: number, bytes: number])[],
  },
  /** CPU of merging a profile twice: into blocks of 2 h, then of a day. */
  compactCpuMs: 1.0,
  /** Resident memory of a program that has nothing to do yet. */
  idleMemoryBytes: 120 * 2 ** 20,
  /** Resident memory for each byte that a head holds: garbage, and what encoding a block takes. */
  memoryPerHeadByte: 2,
  /** With 10 clients that merge, plot and list all the time. */
  queryMemoryBytes: 420 * 2 ** 20,
  compactMemoryBytes: 400 * 2 ** 20,
  /** Of `npm run bench:operator`: with 10,000 pods, in the minute of its start. */
  operatorMemoryBytesPerPod: 40_000,
} as const

export type MeasuredType = keyof typeof measured.perProfile
