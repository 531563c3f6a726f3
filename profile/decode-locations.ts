import type { Dictionary } from './dictionary.ts'
import { NotPprofError } from './errors.ts'
import type { PprofFile } from './pprof-file.ts'
import type { ProtobufCursor } from './protobuf-cursor.ts'
import { appendShape, maxShape } from './shape.ts'

/** Decodes functions, then locations, which name them. The arrays are by place in the file and are reused. */
export class LocationDecoder {
  localFunction = new Uint32Array(1024)
  functionIds = new Float64Array(1024)
  localLocation = new Uint32Array(1024)
  locationIds = new Float64Array(1024)
  #lines = new Float64Array(64)

  /** Undefined where ids count up from 1, else places by id. */
  decodeFunctions(
    file: PprofFile,
    cursor: ProtobufCursor,
    dictionary: Dictionary,
  ): Map<number, number> | undefined {
    const { count, start, stop } = file.functions
    if (count > this.localFunction.length) {
      this.localFunction = new Uint32Array(count * 2)
      this.functionIds = new Float64Array(count * 2)
    }
    let isSequential = true
    for (let i = 0; i < count; i++) {
      let id = 0
      let name = 0
      let systemName = 0
      let fileName = 0
      let startLine = 0
      let shape = 0
      cursor.enter(start[i]!, stop[i]!)
      while (cursor.field()) {
        const number = cursor.number
        if (cursor.wireType !== 0 || number > 5) {
          file.isComplete = false
          continue
        }
        shape = appendShape(shape, number, 0)
        if (number === 1) id = file.id(cursor, 'function')
        else if (number === 2) name = file.stringOf(cursor)
        else if (number === 3) systemName = file.stringOf(cursor)
        else if (number === 4) fileName = file.stringOf(cursor)
        else startLine = file.number(cursor)
      }
      if (shape > maxShape) file.isComplete = false
      if (id !== i + 1) isSequential = false
      this.functionIds[i] = id
      this.localFunction[i] = dictionary.internFunction(name, systemName, fileName, startLine, shape)
    }
    return isSequential ? undefined : placesById(this.functionIds, count, 'function')
  }

  decodeLocations(
    file: PprofFile,
    cursor: ProtobufCursor,
    dictionary: Dictionary,
    mappings: Map<number, number>,
    functionPlaces: Map<number, number> | undefined,
  ) {
    const { count, start, stop } = file.locations
    if (count > this.localLocation.length) {
      this.localLocation = new Uint32Array(count * 2)
      this.locationIds = new Float64Array(count * 2)
    }
    const functionCount = file.functions.count
    const localFunction = this.localFunction
    let isSequential = true
    let functionsSeen = 0
    let functionsPredicted = true
    for (let i = 0; i < count; i++) {
      let id = 0
      let mapping = 0
      let low = 0
      let high = 0
      let isFolded = 0
      let shape = 0
      let lastField = 0
      let lineCount = 0
      cursor.enter(start[i]!, stop[i]!)
      while (cursor.field()) {
        const number = cursor.number
        if (number === 4 && cursor.wireType === 2) {
          if (lastField !== 4) shape = appendShape(shape, 4, 0)
          if (lineCount * 4 + 4 > this.#lines.length) {
            const grown = new Float64Array(this.#lines.length * 2)
            grown.set(this.#lines)
            this.#lines = grown
          }
          const end = cursor.end
          const resume = cursor.offset
          cursor.enter(cursor.start, cursor.stop)
          const place = this.#decodeLine(file, cursor, lineCount, functionPlaces, functionCount)
          cursor.enter(resume, end)
          this.#lines[lineCount * 4] = localFunction[place]!
          if (place >= functionsSeen) {
            if (place > functionsSeen) functionsPredicted = false
            functionsSeen = place + 1
          }
          lineCount++
        } else if (cursor.wireType === 0 && number <= 5) {
          shape = appendShape(shape, number, 0)
          if (number === 1) id = file.id(cursor, 'location')
          else if (number === 2) {
            const wanted = file.id(cursor, 'mapping')
            mapping = mappings.get(wanted) ?? 0
            if (mapping === 0) file.isComplete = false
          } else if (number === 3) {
            low = cursor.low
            high = cursor.high
          } else if (cursor.low === 1 && cursor.high === 0) isFolded = 1
          else file.isComplete = false
        } else file.isComplete = false
        lastField = number
      }
      if (shape > maxShape) file.isComplete = false
      if (id === 0) throw new NotPprofError(`location ${i}: no id`)
      if (id !== i + 1) isSequential = false
      this.locationIds[i] = id
      this.localLocation[i] = dictionary.internLocation(
        mapping,
        low,
        high,
        isFolded,
        shape,
        this.#lines,
        lineCount,
      )
    }
    return {
      byId: isSequential ? undefined : placesById(this.locationIds, count, 'location'),
      functionsPredicted: functionsPredicted && functionsSeen === functionCount,
    }
  }

  /** Returns the place of the line's function in the file. */
  #decodeLine(
    file: PprofFile,
    cursor: ProtobufCursor,
    line: number,
    functionPlaces: Map<number, number> | undefined,
    functionCount: number,
  ): number {
    let id = 0
    let lineNumber = 0
    let column = 0
    let shape = 0
    while (cursor.field()) {
      const number = cursor.number
      if (cursor.wireType !== 0 || number > 3) {
        file.isComplete = false
        continue
      }
      shape = appendShape(shape, number, 0)
      if (number === 1) id = file.id(cursor, 'function')
      else if (number === 2) lineNumber = file.number(cursor)
      else column = file.number(cursor)
    }
    const place = functionPlaces === undefined ? id - 1 : (functionPlaces.get(id) ?? -1)
    if (place < 0 || place >= functionCount)
      cursor.fail(`function ${id} of a line, there is none with that id`)
    this.#lines[line * 4 + 1] = lineNumber
    this.#lines[line * 4 + 2] = column
    this.#lines[line * 4 + 3] = shape
    return place
  }
}

function placesById(ids: Float64Array, count: number, what: string): Map<number, number> {
  const places = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    if (places.has(ids[i]!)) throw new NotPprofError(`two ${what}s with id ${ids[i]}`)
    places.set(ids[i]!, i)
  }
  return places
}
