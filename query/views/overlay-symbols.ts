import type { Symbols } from '../../profile/symbols.ts'

/** What a filter changes of a dictionary; all indices but those of label sets stay as they are. */
export type SymbolsOverlay = Partial<
  Pick<
    Symbols,
    | 'nodeParent'
    | 'keyCount'
    | 'keyNode'
    | 'keyLabelSet'
    | 'locationLines'
    | 'lineFunction'
    | 'lineNumber'
    | 'stringCount'
    | 'string'
    | 'labelSetCount'
    | 'labelSet'
  >
>

/** A dictionary with some of its columns replaced; the others are shared, not copied. */
export function overlaySymbols(symbols: Symbols, overlay: SymbolsOverlay): Symbols {
  return {
    stringCount: symbols.stringCount,
    string: (index) => symbols.string(index),
    functionCount: symbols.functionCount,
    functionName: symbols.functionName,
    functionSystemName: symbols.functionSystemName,
    functionFile: symbols.functionFile,
    functionStartLine: symbols.functionStartLine,
    mappingCount: symbols.mappingCount,
    mapping: (index) => symbols.mapping(index),
    locationCount: symbols.locationCount,
    locationMapping: symbols.locationMapping,
    locationAddressLow: symbols.locationAddressLow,
    locationAddressHigh: symbols.locationAddressHigh,
    locationIsFolded: symbols.locationIsFolded,
    locationLines: symbols.locationLines,
    lineFunction: symbols.lineFunction,
    lineNumber: symbols.lineNumber,
    nodeCount: symbols.nodeCount,
    nodeParent: symbols.nodeParent,
    nodeLocation: symbols.nodeLocation,
    keyCount: symbols.keyCount,
    keyNode: symbols.keyNode,
    keyLabelSet: symbols.keyLabelSet,
    labelSetCount: symbols.labelSetCount,
    labelSet: (index) => symbols.labelSet(index),
    ...overlay,
  }
}
