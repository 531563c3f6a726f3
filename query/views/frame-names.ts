import type { Symbols } from '../../profile/symbols.ts'

/** Dense ids for the names that frames go by; functions of one name share an id. Id 0 is the root's. */
export interface FrameNames {
  readonly names: readonly string[]
  ofFunction(index: number): number
  /** For a location without lines: its address, or the mapping it lies in. */
  ofLocation(index: number): number
}

export const rootName = 'total'

export function frameNames(symbols: Symbols): FrameNames {
  const names = [rootName]
  const idOfText = new Map<string, number>()
  // Ids of functions and bare locations; 0 is the root, so it stands for "not asked yet".
  const idOfFunction = new Uint32Array(symbols.functionCount)
  const idOfLocation = new Map<number, number>()
  const idOf = (name: string): number => {
    let id = idOfText.get(name)
    if (id === undefined) {
      id = names.push(name) - 1
      idOfText.set(name, id)
    }
    return id
  }
  return {
    names,
    ofFunction(index) {
      const known = idOfFunction[index]
      if (known !== undefined && known !== 0) return known
      const id = idOf(functionName(symbols, index))
      if (index < idOfFunction.length) idOfFunction[index] = id
      return id
    },
    ofLocation(index) {
      let id = idOfLocation.get(index)
      if (id === undefined) {
        id = idOf(bareLocationName(symbols, index))
        idOfLocation.set(index, id)
      }
      return id
    },
  }
}

/** A function's name, else its symbol, else `<unknown>`. */
export function functionName(symbols: Symbols, index: number): string {
  if (index === 0 || index >= symbols.functionCount) return '<unknown>'
  return (
    symbols.string(symbols.functionName[index]!) ||
    symbols.string(symbols.functionSystemName[index]!) ||
    '<unknown>'
  )
}

export function bareLocationName(symbols: Symbols, location: number): string {
  const low = symbols.locationAddressLow[location]!
  const high = symbols.locationAddressHigh[location]!
  if (low !== 0 || high !== 0) {
    return `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}`
  }
  return `[${mappingName(symbols, location) || 'unknown'}]`
}

/** The last part of the file that a location is mapped from, "" where unknown. */
export function mappingName(symbols: Symbols, location: number): string {
  const mapping = symbols.locationMapping[location]!
  if (mapping === 0) return ''
  const file = symbols.string(symbols.mapping(mapping).file)
  return file.slice(file.lastIndexOf('/') + 1)
}
