import { ColumnPlans } from '../profile/column-plan.ts'
import type { Dictionary } from '../profile/dictionary.ts'
import { type MergeDictionary, SymbolTranslator } from '../profile/translate-symbols.ts'

/** A dictionary's keys as the merge numbers them. */
export class KeySpace {
  readonly plans: ColumnPlans
  readonly #translator: SymbolTranslator | undefined

  constructor(dictionary: Dictionary, target: MergeDictionary | undefined) {
    this.plans = new ColumnPlans(dictionary)
    this.#translator = target === undefined ? undefined : new SymbolTranslator(dictionary, target)
  }

  key(key: number): number {
    return this.#translator === undefined ? key : this.#translator.key(key)
  }
}
