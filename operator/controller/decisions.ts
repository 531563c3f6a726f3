import { isSameProfileTarget, type ProfileTargetView } from '../api/read-profile-target.ts'
import { type Acceptance, acceptProfileTarget, ownerOf } from '../targets/accept-profile-target.ts'
import { createInterners, type DecideContext, decidePod } from '../targets/decide-pod.ts'
import type { PodDecision } from '../targets/decision.ts'
import { compileLabelSelector, type LabelMatcher } from '../targets/match-labels.ts'
import type { NamespaceView, PodView } from '../targets/pod-view.ts'
import { createPodSelection, type PodSelection } from '../targets/select-pods.ts'
import type { TargetSettings } from '../targets/settings.ts'

export interface DecidedPod {
  readonly view: PodView
  readonly decision: PodDecision
  /** `namespace/name` of the ProfileTargets that select it. */
  readonly selectedBy: readonly string[]
}

export interface DecisionsOptions {
  readonly settings: TargetSettings
  /** Called for a decision that threw, which is a defect of ours: the pod has no targets then. */
  readonly onDefect: (pod: string, error: unknown) => void
}

/**
 * What is decided about each pod, decided again only where something that it depends on changed: the pod, its
 * namespace, or ProfileTargets that may select it. The same input gives the same whatever came before.
 */
export class Decisions {
  readonly #options: DecisionsOptions
  readonly #pods = new Map<string, PodView>()
  readonly #namespaces = new Map<string, NamespaceView>()
  readonly #profileTargets = new Map<string, ProfileTargetView>()
  readonly #acceptances = new Map<string, Acceptance>()
  /** By namespace: those that would select pods there, had they been accepted. */
  readonly #refused = new Map<string, Map<string, Refused>>()
  readonly #interners = createInterners()
  readonly #decided = new Map<string, DecidedPod>()
  readonly #dirty = new Set<string>()
  readonly #dirtyNamespaces = new Set<string>()
  #isAllDirty = false
  #selection: PodSelection | undefined

  constructor(options: DecisionsOptions) {
    this.#options = options
  }

  /** By `namespace/name`, as decided by the last `refresh`. */
  get decided(): ReadonlyMap<string, DecidedPod> {
    return this.#decided
  }

  /** By `namespace/name`. */
  get profileTargets(): ReadonlyMap<string, ProfileTargetView> {
    return this.#profileTargets
  }

  acceptance(profileTarget: string): Acceptance | undefined {
    return this.#acceptances.get(profileTarget)
  }

  setPod(key: string, view: PodView | undefined): void {
    if (view === undefined) this.#pods.delete(key)
    else this.#pods.set(key, view)
    this.#dirty.add(key)
  }

  setNamespace(name: string, view: NamespaceView | undefined): void {
    if (view === undefined) this.#namespaces.delete(name)
    else this.#namespaces.set(name, view)
    this.#dirtyNamespaces.add(name)
  }

  /** Returns whether something is to be decided anew for it; a status alone decides nothing. */
  setProfileTarget(key: string, view: ProfileTargetView | undefined): boolean {
    const before = this.#acceptances.get(key)
    const viewBefore = this.#profileTargets.get(key)
    if (view !== undefined && viewBefore !== undefined && isSameProfileTarget(viewBefore, view)) {
      this.#profileTargets.set(key, view)
      return false
    }
    const known = view ?? viewBefore
    if (known !== undefined) {
      this.#dirtyNamespaces.add(known.namespace)
      this.#refused.get(known.namespace)?.delete(key)
    }
    if (view === undefined) {
      this.#profileTargets.delete(key)
      this.#acceptances.delete(key)
    } else {
      const acceptance = acceptProfileTarget(view, this.#options.settings)
      this.#profileTargets.set(key, view)
      this.#acceptances.set(key, acceptance)
      if (acceptance.accepted === undefined) this.#refuse(key, view, acceptance)
    }
    this.#selection = undefined
    for (const acceptance of [before, this.#acceptances.get(key)]) {
      if (acceptance?.accepted === undefined) continue
      const { namespaces } = acceptance.accepted
      // One that selects namespaces by their labels may select any.
      if (namespaces === undefined) this.#isAllDirty = true
      else for (const name of namespaces) this.#dirtyNamespaces.add(name)
    }
    return true
  }

  #refuse(
    key: string,
    view: ProfileTargetView,
    { reason, message }: { reason: string; message: string },
  ): void {
    const { namespace, spec } = view
    if (spec === undefined) return
    let matchesPod: LabelMatcher
    try {
      matchesPod = compileLabelSelector(spec.selector)
    } catch {
      // Its status says what is wrong with the selector.
      return
    }
    const ofNamespace = this.#refused.get(namespace) ?? new Map<string, Refused>()
    ofNamespace.set(key, { owner: ownerOf(view), reason, message, matchesPod })
    this.#refused.set(namespace, ofNamespace)
  }

  /** Decides what has to be decided again. Returns the keys of the pods whose decision was made anew, or is gone. */
  refresh(): readonly string[] {
    const keys = this.#takeDirty()
    this.#selection ??= createPodSelection(
      [...this.#acceptances.values()].flatMap((acceptance) =>
        acceptance.accepted === undefined ? [] : [acceptance.accepted],
      ),
    )
    for (const key of keys) {
      const view = this.#pods.get(key)
      if (view === undefined) this.#decided.delete(key)
      else this.#decided.set(key, this.#decide(key, view, this.#selection))
    }
    return keys
  }

  #takeDirty(): string[] {
    const keys = new Set(this.#dirty)
    if (this.#isAllDirty) for (const key of this.#pods.keys()) keys.add(key)
    else if (this.#dirtyNamespaces.size > 0) {
      for (const [key, { namespace }] of this.#pods) if (this.#dirtyNamespaces.has(namespace)) keys.add(key)
    }
    this.#dirty.clear()
    this.#dirtyNamespaces.clear()
    this.#isAllDirty = false
    return [...keys]
  }

  #decide(key: string, view: PodView, selection: PodSelection): DecidedPod {
    const { settings, onDefect } = this.#options
    try {
      const namespace = this.#namespaces.get(view.namespace)
      const profileTargets = selection.select(view, namespace)
      const refused = [...(this.#refused.get(view.namespace)?.values() ?? [])].filter(({ matchesPod }) =>
        matchesPod(view.labels),
      )
      const context: DecideContext = {
        namespace,
        profileTargets,
        settings,
        interners: this.#interners,
        ...(refused.length > 0 && { notAccepted: refused }),
      }
      const selectedBy = profileTargets.map(({ namespace, name }) => `${namespace}/${name}`)
      return { view, decision: decidePod(view, context), selectedBy }
    } catch (error) {
      onDefect(key, error)
      return { view, decision: { targets: [], drops: [], problems: [], chain: [] }, selectedBy: [] }
    }
  }
}

interface Refused {
  readonly owner: string
  readonly reason: string
  readonly message: string
  readonly matchesPod: LabelMatcher
}
