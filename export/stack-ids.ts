import { hash } from 'node:crypto'
import type { Symbols } from '../profile/symbols.ts'
import { frameNames } from '../query/views/frame-names.ts'

/** A stack as people read it, leaf first. */
export interface StackFrames {
  readonly functions: readonly string[]
  /** "" where the profile does not say. */
  readonly files: readonly string[]
  /** 0 where the profile does not say. */
  readonly lines: readonly bigint[]
}

/**
 * Ids of stacks that hold in every file of every export: an id is the first eight bytes, big-endian, of SHA-256 over
 * the id of the callers' stack (0 for none), the function, 0xff, the file, 0xff and the line in digits. Addresses and
 * mappings have no part in it, so that builds of the same source share their stacks.
 */
export class StackIds {
  readonly #symbols: Symbols
  readonly #names: ReturnType<typeof frameNames>
  readonly #ids: BigInt64Array
  readonly #isKnown: Uint8Array
  /** What is hashed of each line, and of locations without lines. */
  readonly #lineBytes = new Map<number, Buffer>()
  readonly #bareBytes = new Map<number, Buffer>()

  constructor(symbols: Symbols) {
    this.#symbols = symbols
    this.#names = frameNames(symbols)
    this.#ids = new BigInt64Array(symbols.nodeCount)
    this.#isKnown = new Uint8Array(symbols.nodeCount)
    this.#isKnown[0] = 1
  }

  /** Of the stack whose leaf is this node; 0 for the empty stack. */
  of(node: number): bigint {
    const { nodeParent } = this.#symbols
    // Towards the root until a known one, then back: stacks are too deep for recursion.
    const path: number[] = []
    let at = node
    for (; this.#isKnown[at] === 0; at = nodeParent[at]!) path.push(at)
    let id = this.#ids[at]!
    for (let i = path.length - 1; i >= 0; i--) {
      at = path[i]!
      id = this.#extend(id, at)
      this.#ids[at] = id
      this.#isKnown[at] = 1
    }
    return id
  }

  frames(node: number): StackFrames {
    const { nodeParent, nodeLocation, locationLines, lineNumber } = this.#symbols
    const functions: string[] = []
    const files: string[] = []
    const lines: bigint[] = []
    for (let at = node; at !== 0; at = nodeParent[at]!) {
      const location = nodeLocation[at]!
      const end = locationLines[location + 1]!
      let line = locationLines[location]!
      if (line === end) {
        functions.push(this.#bareName(location))
        files.push('')
        lines.push(0n)
      }
      for (; line < end; line++) {
        const { name, file } = this.#ofLine(line)
        functions.push(name)
        files.push(file)
        lines.push(BigInt(lineNumber[line]!))
      }
    }
    return { functions, files, lines }
  }

  /** A location is one frame or, where functions were inlined, several: the outermost is the last. */
  #extend(callers: bigint, node: number): bigint {
    const { nodeLocation, locationLines } = this.#symbols
    const location = nodeLocation[node]!
    const first = locationLines[location]!
    let line = locationLines[location + 1]!
    if (line === first) return digest(callers, this.#bytesOfBare(location))
    let id = callers
    while (--line >= first) id = digest(id, this.#bytesOfLine(line))
    return id
  }

  #ofLine(line: number): { readonly name: string; readonly file: string } {
    const { lineFunction, functionFile } = this.#symbols
    const index = lineFunction[line]!
    const name = this.#names.names[this.#names.ofFunction(index)]!
    return { name, file: this.#symbols.string(functionFile[index] ?? 0) }
  }

  #bareName(location: number): string {
    return this.#names.names[this.#names.ofLocation(location)]!
  }

  #bytesOfLine(line: number): Buffer {
    let bytes = this.#lineBytes.get(line)
    if (bytes === undefined) {
      const { name, file } = this.#ofLine(line)
      bytes = hashed(name, file, this.#symbols.lineNumber[line]!)
      this.#lineBytes.set(line, bytes)
    }
    return bytes
  }

  #bytesOfBare(location: number): Buffer {
    let bytes = this.#bareBytes.get(location)
    if (bytes === undefined) {
      bytes = hashed(this.#bareName(location), '', 0)
      this.#bareBytes.set(location, bytes)
    }
    return bytes
  }
}

/** Eight bytes for the callers' id, then the frame. */
function hashed(name: string, file: string, line: number): Buffer {
  const ff = Buffer.of(0xff)
  return Buffer.concat([
    Buffer.alloc(8),
    Buffer.from(name),
    ff,
    Buffer.from(file),
    ff,
    Buffer.from(String(line)),
  ])
}

function digest(callers: bigint, frame: Buffer): bigint {
  frame.writeBigInt64BE(callers, 0)
  return hash('sha256', frame, 'buffer').readBigInt64BE(0)
}
