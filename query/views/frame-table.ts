import { posix } from 'node:path'
import type { Symbols } from '../../profile/symbols.ts'
import type { Granularity } from '../api/view-types.ts'
import { packageName } from './package-name.ts'
import { functionNameString } from './symbol-matcher.ts'

/** What tells frames apart, as far as the granularity goes; "" and 0 where it does not. */
export interface Frame {
  readonly function: string
  readonly file: string
  readonly line: number
  readonly startLine: number
  readonly address: bigint
  /** The file it is mapped from: only where there is no function name, or where it is asked for. */
  readonly object: string
}

export interface FrameTableOptions {
  readonly granularity?: Granularity | undefined
  /** Functions of different files that are mapped are apart, as in `go tool pprof -list`. */
  readonly hasObjects?: boolean
  /** Frames without a function go by their address: in a flame graph they are too many for one name. */
  readonly hasBareAddresses?: boolean
}

const nothing: Frame = { function: '', file: '', line: 0, startLine: 0, address: 0n, object: '' }

/** Numbers for what rows of a view stand for, made as frames are met. */
export class FrameTable {
  /** As shown. */
  readonly names: string[] = []
  readonly frames: Frame[] = []
  /** The first file in alphabetical order that a frame was met with, whatever the granularity. */
  readonly sourceFiles: string[] = []
  readonly #symbols: Symbols
  readonly #granularity: Granularity
  readonly #options: FrameTableOptions
  readonly #byText = new Map<string, number>()
  /** Frames by function, then by function and line: +1, 0 is not asked yet. */
  readonly #ofFunction: Uint32Array
  readonly #ofLine = new Map<number, number>()
  readonly #ofBare: Uint32Array
  readonly #cleanFiles = new Map<number, string>()

  constructor(symbols: Symbols, options: FrameTableOptions = {}) {
    this.#symbols = symbols
    this.#options = options
    this.#granularity = options.granularity ?? 'functions'
    this.#ofFunction = new Uint32Array(symbols.functionCount)
    this.#ofBare = new Uint32Array(symbols.locationCount)
  }

  get count(): number {
    return this.names.length
  }

  /** The frame of one line of a location. */
  ofLine(line: number, location: number): number {
    const symbols = this.#symbols
    const index = symbols.lineFunction[line]!
    if (index === 0 || index >= symbols.functionCount) return this.ofBare(location)
    const granularity = this.#granularity
    const isByFunction =
      granularity === 'functions' || granularity === 'filefunctions' || granularity === 'packages'
    const hasName = functionNameString(symbols, index) !== 0
    if (isByFunction && hasName && this.#options.hasObjects !== true) {
      const known = this.#ofFunction[index]!
      if (known !== 0) return known - 1
      const frame = this.#make(line, location)
      this.#ofFunction[index] = frame + 1
      return frame
    }
    const number = symbols.lineNumber[line]!
    if (granularity !== 'lines' || !hasName || this.#options.hasObjects === true || number >= 2 ** 31)
      return this.#make(line, location)
    const key = index * 2 ** 31 + number
    let frame = this.#ofLine.get(key)
    if (frame === undefined) {
      frame = this.#make(line, location)
      this.#ofLine.set(key, frame)
    }
    return frame
  }

  /** The frame of a location that nothing is known of but its address and mapping. */
  ofBare(location: number): number {
    const known = this.#ofBare[location]!
    if (known !== 0) return known - 1
    const address = this.#address(location)
    const object = this.#object(location)
    let frame: number
    if (this.#options.hasBareAddresses === true && address !== 0n)
      frame = this.#intern({ ...nothing, function: `0x${address.toString(16)}` }, '')
    else if (this.#granularity === 'mappings') frame = this.#intern({ ...nothing, object }, '')
    else
      frame = this.#intern(
        { ...nothing, address: this.#granularity === 'addresses' ? address : 0n, object },
        '',
      )
    this.#ofBare[location] = frame + 1
    return frame
  }

  #make(line: number, location: number): number {
    const symbols = this.#symbols
    const index = symbols.lineFunction[line]!
    const name = symbols.string(functionNameString(symbols, index))
    const file = this.#file(index)
    const granularity = this.#granularity
    if (granularity === 'mappings') return this.#intern({ ...nothing, object: this.#object(location) }, '')
    if (granularity === 'packages') {
      const named = packageName(name)
      return this.#intern(
        { ...nothing, function: named, object: named === '' ? this.#object(location) : '' },
        '',
      )
    }
    const hasFunction = granularity !== 'files'
    const isExact = granularity === 'lines' || granularity === 'addresses'
    const hasObject = this.#options.hasObjects === true || !hasFunction || name === ''
    return this.#intern(
      {
        function: hasFunction ? name : '',
        file: granularity === 'functions' ? '' : file,
        line: isExact ? symbols.lineNumber[line]! : 0,
        startLine: hasObject ? symbols.functionStartLine[index]! : 0,
        address: granularity === 'addresses' ? this.#address(location) : 0n,
        object: hasObject ? this.#object(location) : '',
      },
      file,
    )
  }

  #intern(frame: Frame, sourceFile: string): number {
    const key = `${frame.function}\0${frame.file}\0${frame.line}\0${frame.startLine}\0${frame.address}\0${frame.object}`
    const known = this.#byText.get(key)
    if (known !== undefined) {
      const file = this.sourceFiles[known]!
      if (sourceFile !== '' && (file === '' || sourceFile < file)) this.sourceFiles[known] = sourceFile
      return known
    }
    const index = this.frames.push(frame) - 1
    this.names.push(frameName(frame))
    this.sourceFiles.push(sourceFile)
    this.#byText.set(key, index)
    return index
  }

  #file(functionIndex: number): string {
    const { functionFile } = this.#symbols
    const string = functionFile[functionIndex]!
    let file = this.#cleanFiles.get(string)
    if (file === undefined) {
      file = cleanPath(this.#symbols.string(string))
      this.#cleanFiles.set(string, file)
    }
    return file
  }

  #address(location: number): bigint {
    const { locationAddressHigh, locationAddressLow } = this.#symbols
    return (BigInt(locationAddressHigh[location]!) << 32n) | BigInt(locationAddressLow[location]!)
  }

  #object(location: number): string {
    const mapping = this.#symbols.locationMapping[location]!
    return mapping === 0 ? '' : this.#symbols.string(this.#symbols.mapping(mapping).file)
  }
}

/** `address function file:line`, as much of it as there is; else the file it is mapped from, in brackets. */
function frameName({ function: name, file, line, address, object }: Frame): string {
  const parts: string[] = []
  if (address !== 0n) parts.push(address.toString(16).padStart(16, '0'))
  if (name !== '') parts.push(name)
  if (line !== 0) parts.push(`${file}:${line}`)
  else if (file !== '') parts.push(file)
  else if (name === '') parts.push(object === '' ? '<unknown>' : `[${posix.basename(object)}]`)
  return parts.join(' ')
}

/** As Go's filepath.Clean, without the prefixes that Bazel's sandbox leaves. */
function cleanPath(path: string): string {
  if (path === '') return ''
  const bare = path.replace(/^\/proc\/self\/cwd\/(?:\.\/)?/, '')
  const clean = posix.normalize(bare)
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean
}

/** As pprof orders names: by address where both have one, else as text. */
export function compareFrames(frames: FrameTable, a: number, b: number): number {
  const left = frames.frames[a]!.address
  const right = frames.frames[b]!.address
  if (left !== 0n && right !== 0n && left !== right) return left < right ? -1 : 1
  const leftName = frames.names[a]!
  const rightName = frames.names[b]!
  return leftName < rightName ? -1 : leftName > rightName ? 1 : 0
}
