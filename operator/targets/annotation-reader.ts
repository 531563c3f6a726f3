import type { Problem } from './decision.ts'
import { maxAnnotationLength } from './keep-annotations.ts'
import { createProblem, quote } from './problem.ts'

/** Annotations of a pod, or of its namespace, which fills in what the pod leaves out. */
export interface AnnotationSource {
  /** `` or ` of namespace shop`. */
  readonly place: string
  readonly values: Readonly<Record<string, string>>
}

/** What a value may look like. */
export interface AnnotationField<T> {
  /** For a message: `http or https`. */
  readonly wanted: string
  /** Undefined for what it must not look like. The text is at most 1024 characters long. */
  readonly parse: (text: string) => T | undefined
}

export interface FoundValue<T> {
  readonly key: string
  readonly text: string
  readonly value: T
  readonly place: string
}

/** Reads values, the pod's before the namespace's, and notes each that is wrong. */
export interface AnnotationReader {
  readonly sources: readonly AnnotationSource[]
  readonly problems: readonly Problem[]
  /** The first that is right. A wrong one is passed over, so that the next or the default holds. */
  cosmetic<T>(key: string, field: AnnotationField<T>): FoundValue<T> | undefined
  /** The first that is there. Where it is wrong, whatever hangs on it is not scraped. */
  essential<T>(key: string, field: AnnotationField<T>): FoundValue<T> | WrongValue | undefined
  /** Gives the problem's note back. Its reason is `InvalidProfileAnnotation` where no other is given. */
  problem(found: Omit<FoundValue<unknown>, 'value'>, says: string, reason?: string): string
}

/** What is not scraped for it, and why, in one line. */
export interface WrongValue {
  readonly wrong: string
}

export function isWrong(found: object | undefined): found is WrongValue {
  return found !== undefined && 'wrong' in found
}

export function createAnnotationReader(sources: readonly AnnotationSource[]): AnnotationReader {
  const problems = new Map<string, Problem>()
  const problem: AnnotationReader['problem'] = ({ key, text, place }, says, reason) => {
    const note = `annotation ${key}${place} is ${quote(text)}: ${says}`
    // The same thing is often seen twice, such as a path at each port.
    const added = createProblem({ reason: reason ?? 'InvalidProfileAnnotation', key, value: text, note })
    problems.set(note, added)
    return added.note
  }
  const read = <T>(source: AnnotationSource, key: string, field: AnnotationField<T>) => {
    const text = Object.hasOwn(source.values, key) ? source.values[key] : undefined
    if (text === undefined) return undefined
    const value = text.length > maxAnnotationLength ? undefined : field.parse(text)
    return { key, text, value, place: source.place }
  }
  return {
    sources,
    get problems() {
      return [...problems.values()].slice(0, maxProblems)
    },
    cosmetic(key, field) {
      for (const source of sources) {
        const found = read(source, key, field)
        if (found === undefined) continue
        if (found.value !== undefined) return { ...found, value: found.value }
        problem(found, `want ${field.wanted}; it is ignored`)
      }
      return undefined
    },
    essential(key, field) {
      for (const source of sources) {
        const found = read(source, key, field)
        if (found === undefined) continue
        if (found.value !== undefined) return { ...found, value: found.value }
        return { wrong: problem(found, `want ${field.wanted}; nothing is scraped there until it is right`) }
      }
      return undefined
    },
    problem,
  }
}

/** Of one pod: a person reads the first few. */
const maxProblems = 20
