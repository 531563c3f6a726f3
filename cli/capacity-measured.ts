/**
 * What the figures of `conprof check capacity` are made of: means over the recorded Go programs (etcd, kube-apiserver,
 * Prometheus), one of each kind of size. `npm run bench:scale` prints them again as `capacity.*`; docs/operating.md
 * says what that is. Bytes and milliseconds are of one profile unless something else is named. CPU was measured while
 * the machine was busy with other things, so it is rather too much than too little: a scrape as one mean, here divided
 * over the types by their sizes. What is marked as an estimate was not measured by itself.
 */
export const measured = {
  perProfile: {
    heap: { wireBytes: 59_700, storedBytes: 610, cutBytes: 750, headBytes: 1160, scrapeCpuMs: 12 },
    goroutine: { wireBytes: 9_950, storedBytes: 21, cutBytes: 28, headBytes: 210, scrapeCpuMs: 2.5 },
    cpu: { wireBytes: 5_820, storedBytes: 155, cutBytes: 183, headBytes: 384, scrapeCpuMs: 3 },
  },
  /** Of one service, all its profile types together. */
  perService: {
    symbolBytesPerDay: 70_000,
    symbolBytesPerCut: 39_000,
    /** What a head holds of it, by how many minutes after the cut; between them it is a line. */
    headBytes: [
      [1, 382_000],
      [3, 397_000],
      [30, 521_000],
    ] as readonly (readonly [minutes: number, bytes: number])[],
  },
  /** CPU of merging a profile twice, into blocks of 2 h, then of a day, and comparing it with where it came from. */
  compactCpuMs: 1.7,
  /** Resident memory of a program that has nothing to do yet: an estimate. */
  idleMemoryBytes: 200 * 2 ** 20,
  /** Resident memory for each byte that a head holds, garbage and what encoding a block takes: an estimate. */
  memoryPerHeadByte: 2,
  /** With 10 clients that merge, plot and list all the time. */
  queryMemoryBytes: 440 * 2 ** 20,
  /** Some 220 MiB were seen with 380 MiB of blocks; the rest is an estimate of what other fleets take. */
  compactMemoryBytes: 320 * 2 ** 20,
  /** Of `npm run bench:operator`: with 10,000 pods, in the minute of its start. */
  operatorMemoryBytesPerPod: 40_000,
} as const

export type MeasuredType = keyof typeof measured.perProfile
