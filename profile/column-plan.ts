import type { Dictionary } from './dictionary.ts'
import { GoHeapModel } from './go-heap.ts'
import { headerFacts } from './header.ts'
import { sampleKind } from './kind.ts'
import type { SampleType } from './symbols.ts'

/** Facts about a header that decide how values are predicted, worked out once per dictionary. */
export interface ColumnPlan {
  readonly sampleTypes: readonly SampleType[]
  readonly isCounter: readonly boolean[]
  readonly isDuration: readonly boolean[]
  readonly isGoObjects: readonly boolean[]
  readonly period: number
  readonly model: GoHeapModel | undefined
}

/** Plans of one dictionary's headers. */
export class ColumnPlans {
  readonly #dictionary: Dictionary
  readonly #plans: ColumnPlan[] = []
  readonly #models = new Map<number, GoHeapModel>()

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  plan(header: number): ColumnPlan {
    this.#plans[header] ??= this.#make(header)
    return this.#plans[header]
  }

  #make(header: number): ColumnPlan {
    const { sampleTypes, period } = headerFacts(this.#dictionary.headers[header]!, this.#dictionary)
    const isSafe = period > 1n && period < 2n ** 40n
    const names = sampleTypes.map(({ type }) => type)
    const isGoObjects = names.map(
      (name, i) => isSafe && name.endsWith('_objects') && names[i + 1] === name.replace('_objects', '_space'),
    )
    const rate = Number(period)
    let model: GoHeapModel | undefined
    if (isGoObjects.includes(true)) {
      model = this.#models.get(rate) ?? new GoHeapModel(this.#dictionary, rate)
      this.#models.set(rate, model)
    }
    const kinds = sampleTypes.map((sampleType) => sampleKind(sampleType, ''))
    return {
      sampleTypes,
      isCounter: kinds.map((kind) => kind === 'counter'),
      isDuration: kinds.map((kind) => kind === 'duration'),
      isGoObjects,
      period: isSafe ? rate : 0,
      model,
    }
  }
}
