import type { TargetGroup } from './target-group.ts'

/** Gets all groups of a source of targets, each time something about them changed. Must not throw. */
export type OnGroups = (groups: readonly TargetGroup[]) => void

/** The groups of some documents as they were last read. */
export class KnownGroups {
  readonly #onGroups: OnGroups
  readonly #groups = new Map<string, readonly TargetGroup[]>()
  #delivered: string | undefined

  constructor(onGroups: OnGroups) {
    this.#onGroups = onGroups
  }

  set(document: string, groups: readonly TargetGroup[]): void {
    this.#groups.set(document, groups)
  }

  /** Forgets the documents that are no more. */
  keepOnly(documents: ReadonlySet<string>): void {
    for (const document of this.#groups.keys()) if (!documents.has(document)) this.#groups.delete(document)
  }

  /** Says nothing where nothing changed, but always something the first time: that there is nothing counts. */
  deliver(): void {
    const groups = [...this.#groups.values()].flat()
    const text = JSON.stringify(groups)
    if (text === this.#delivered) return
    this.#delivered = text
    this.#onGroups(groups)
  }
}
