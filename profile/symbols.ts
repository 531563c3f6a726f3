/**
 * One dictionary: what the profiles of one service share, as columns with dense indices.
 * Index 0 of strings is ""; index 0 of mappings, functions and label sets means "none".
 *
 *     sample key ─▶ stack node ─▶ location ─▶ mapping
 *            │        │ parent        └─▶ lines ─▶ function ─▶ strings
 *            └─▶ label set
 *
 * A stack is a node of a prefix tree: node 0 is the empty stack, `nodeParent[n] < n`, and walking from a node
 * to the root yields locations leaf first, as pprof lists them.
 * A profile is a list of sample keys and their values.
 */
export interface Symbols {
  readonly stringCount: number
  string(index: number): string

  readonly functionCount: number
  readonly functionName: Uint32Array
  readonly functionSystemName: Uint32Array
  readonly functionFile: Uint32Array
  readonly functionStartLine: Float64Array

  readonly mappingCount: number
  mapping(index: number): Mapping

  readonly locationCount: number
  readonly locationMapping: Uint32Array
  readonly locationAddressLow: Uint32Array
  readonly locationAddressHigh: Uint32Array
  readonly locationIsFolded: Uint8Array
  /** Lines of location l are `[locationLines[l], locationLines[l + 1])`, innermost inlined frame first. */
  readonly locationLines: Uint32Array
  readonly lineFunction: Uint32Array
  readonly lineNumber: Float64Array

  readonly nodeCount: number
  readonly nodeParent: Uint32Array
  readonly nodeLocation: Uint32Array

  readonly keyCount: number
  readonly keyNode: Uint32Array
  readonly keyLabelSet: Uint32Array

  readonly labelSetCount: number
  labelSet(index: number): readonly SampleLabel[]
}

/** `memory_start` and the like are uint64. */
export interface Mapping {
  readonly start: bigint
  readonly limit: bigint
  readonly offset: bigint
  readonly file: number
  readonly buildId: number
  readonly hasFunctions: boolean
  readonly hasFileNames: boolean
  readonly hasLineNumbers: boolean
  readonly hasInlineFrames: boolean
}

/** One label of a sample: text where `text` is not 0, else a number with a unit. All but `number` are string indices. */
export interface SampleLabel {
  readonly name: number
  readonly text: number
  readonly number: bigint
  readonly unit: number
}

export interface SampleType {
  readonly type: string
  readonly unit: string
}
