import type { Symbols } from '../../profile/symbols.ts'

/** Tries an expression on what frames are called: once per distinct text, however many frames have it. */
export class SymbolMatcher {
  readonly #symbols: Symbols
  readonly #test: (text: string) => boolean
  /** Per string: 0 not asked yet, 1 no, 2 yes. */
  readonly #known: Uint8Array
  readonly #knownMapping: Uint8Array

  constructor(symbols: Symbols, test: (text: string) => boolean) {
    this.#symbols = symbols
    this.#test = test
    this.#known = new Uint8Array(symbols.stringCount)
    this.#knownMapping = new Uint8Array(symbols.mappingCount)
  }

  /** By name or by file. */
  matchesFunction(index: number): boolean {
    return this.matchesName(index) || this.#matchesString(this.#symbols.functionFile[index]!)
  }

  matchesName(index: number): boolean {
    return this.#matchesString(functionNameString(this.#symbols, index))
  }

  matchesMapping(index: number): boolean {
    if (index === 0) return false
    const known = this.#knownMapping[index]!
    if (known !== 0) return known === 2
    const matches = this.#matchesString(this.#symbols.mapping(index).file)
    this.#knownMapping[index] = matches ? 2 : 1
    return matches
  }

  #matchesString(index: number): boolean {
    const known = this.#known[index]!
    if (known !== 0) return known === 2
    const matches = this.#test(this.#symbols.string(index))
    this.#known[index] = matches ? 2 : 1
    return matches
  }
}

/** A function's name, else its symbol, as a string's index. */
export function functionNameString(symbols: Symbols, index: number): number {
  return symbols.functionName[index]! || symbols.functionSystemName[index]!
}
