import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../../support/until.ts'

const root = '/sys/fs/cgroup'

/** The mounted hierarchies: one for each controller in version 1, one in version 2; some machines have both. */
function hierarchies(): string[] {
  if (isVersion2(root)) return [root]
  return readdirSync(root)
    .map((name) => join(root, name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')))
}

function isVersion2(hierarchy: string): boolean {
  return existsSync(join(hierarchy, 'cgroup.controllers'))
}

/** The folder whose `cgroup.procs` takes the cluster's own programs, beside the pods that the kubelet keeps there. */
export function programsCgroup(cgroup: string): string {
  const hierarchy = hierarchies().find((path) => path.endsWith('/pids')) ?? hierarchies()[0]!
  return join(hierarchy, cgroup, 'programs')
}

/** A group of its own in every hierarchy, which the kubelet wants to find there. */
export async function createCgroup(cgroup: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, cgroup)
    await mkdir(folder, { recursive: true })
    // Version 1: a new group has no processors and no memory until it is given some.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const path = join(folder, file)
      if (!existsSync(path) || isVersion2(hierarchy)) continue
      await writeFile(path, await readFile(join(hierarchy, file)))
    }
  }
  await mkdir(programsCgroup(cgroup), { recursive: true })
}

/** Process ids of everything in it, pods and their shims included. */
export function processesIn(cgroup: string): number[] {
  const found = new Set<number>()
  for (const hierarchy of hierarchies())
    for (const file of globSync(join(hierarchy, cgroup, '**/cgroup.procs')))
      for (const line of readLines(file)) found.add(Number(line))
  return [...found]
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    // It went away between being listed and being read.
    return []
  }
}

/** Ends everything in it, at once, and removes it. */
export async function removeCgroup(cgroup: string): Promise<void> {
  const end = () => {
    const processes = processesIn(cgroup)
    for (const pid of processes) kill(pid)
    return processes.length === 0
  }
  await until(`the processes of the cgroup "${cgroup}" to end`, end, 120_000)
  for (const hierarchy of hierarchies()) {
    const folders = globSync(join(hierarchy, cgroup, '**/'))
    // The deepest first.
    folders.sort((a, b) => b.length - a.length)
    for (const folder of folders)
      await until(
        `the cgroup ${folder} to be removable`,
        async () => {
          if (existsSync(folder)) await rmdir(folder)
          return true
        },
        120_000,
      )
  }
}

function kill(pid: number): void {
  try {
    // A paused container ends only once it goes on.
    process.kill(pid, 'SIGKILL')
    process.kill(pid, 'SIGCONT')
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') throw error
  }
}
