import type { Dictionary } from './dictionary.ts'
import { NotPprofError } from './errors.ts'
import type { PprofFile } from './pprof-file.ts'
import type { ProtobufCursor } from './protobuf-cursor.ts'

/** Dictionary mappings in file order, and by the id of the file. */
export function decodeMappings(file: PprofFile, cursor: ProtobufCursor, dictionary: Dictionary) {
  const { count, start, stop } = file.mappings
  const byId = new Map<number, number>()
  const entries: number[] = []
  for (let i = 0; i < count; i++) {
    const fields: number[] = []
    let id = 0
    cursor.enter(start[i]!, stop[i]!)
    while (cursor.field()) {
      const number = cursor.number
      if (cursor.wireType !== 0 || number > 10) {
        file.isComplete = false
        continue
      }
      if (number === 1) id = file.id(cursor, 'mapping')
      if (number === 5 || number === 6) fields.push(number, file.stringOf(cursor), 0)
      else fields.push(number, cursor.low, cursor.high)
    }
    if (id === 0 || byId.has(id)) throw new NotPprofError(`mapping ${i}: id ${id}, want one of its own`)
    const entry = dictionary.internMapping(fields)
    byId.set(id, entry)
    entries.push(entry)
  }
  return { byId, entries }
}
