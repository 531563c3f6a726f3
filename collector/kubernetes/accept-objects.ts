import type { ScrapeConfigSpec } from '../config/scrape-config-resource.ts'

/** A ScrapeConfig object as the API server has it. */
export type ScrapeConfigView = ReadableObject | UnreadableObject

export interface ReadableObject {
  readonly name: string
  readonly resourceVersion: string
  readonly spec: ScrapeConfigSpec
}

export interface UnreadableObject {
  readonly name: string
  readonly resourceVersion: string
  /** What is wrong with it, in one line. */
  readonly problem: string
}

export interface Accepted {
  /** By name: what is scraped. */
  readonly specs: ReadonlyMap<string, ScrapeConfigSpec>
  /** Objects whose content is not taken, and why; what they said before goes on. */
  readonly ignored: readonly {
    readonly name: string
    readonly reason: 'invalid' | 'older-epoch'
    readonly message: string
  }[]
}

/**
 * Which version of each object counts: the new one, unless it is not readable, or a leader of before wrote it.
 * What is no longer among the objects is gone. What is from disk alone has no epoch to be compared with: operator and
 * cluster may have been set up anew since.
 */
export function acceptObjects(
  before: ReadonlyMap<string, ScrapeConfigSpec>,
  views: Iterable<ScrapeConfigView>,
  options: { readonly isFromDisk: boolean },
): Accepted {
  const specs = new Map<string, ScrapeConfigSpec>()
  const ignored: Accepted['ignored'][number][] = []
  for (const view of views) {
    const { name } = view
    const known = before.get(name)
    if ('problem' in view) {
      if (known !== undefined) specs.set(name, known)
      ignored.push({ name, reason: 'invalid', message: view.problem })
    } else if (known !== undefined && view.spec.epoch < known.epoch && !options.isFromDisk) {
      specs.set(name, known)
      const message = `its epoch is ${view.spec.epoch}, after ${known.epoch}`
      ignored.push({ name, reason: 'older-epoch', message })
    } else specs.set(name, view.spec)
  }
  return { specs, ignored }
}
