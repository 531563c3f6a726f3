import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { LocationDecoder } from './decode-locations.ts'
import { decodeMappings } from './decode-mappings.ts'
import { SampleDecoder } from './decode-samples.ts'
import type { Dictionary } from './dictionary.ts'
import { encodeHeader } from './encode-header.ts'
import { NotPprofError } from './errors.ts'
import { PprofFile } from './pprof-file.ts'
import type { ProfileColumns } from './profile-columns.ts'
import { ProtobufCursor } from './protobuf-cursor.ts'

/**
 * One profile as indices into a dictionary. The arrays are the decoder's own and hold until its next call.
 */
export interface DecodedPprof extends ProfileColumns {
  readonly sampleCount: number
  /** False where the columns cannot hold everything, such as unknown fields. */
  readonly isComplete: boolean
  /** Dictionary strings in file order, whatever that is. */
  readonly strings: Uint32Array
}

/** Decodes pprof straight into a dictionary. Reuse one decoder: its scratch arrays grow once. */
export class PprofDecoder {
  readonly #file = new PprofFile()
  readonly #locations = new LocationDecoder()
  readonly #samples = new SampleDecoder()
  readonly #header = new ByteWriter()

  /**
   * `previousKeys` are those of the profile before it in the series: most profiles repeat them in order.
   * Throws NotPprofError with the byte offset or the entry that is wrong.
   */
  decode(bytes: Uint8Array, dictionary: Dictionary, previousKeys: Uint32Array): DecodedPprof {
    const file = this.#file
    const cursor = new ProtobufCursor(bytes)
    file.scan(cursor)
    file.decodeStrings(bytes, dictionary)
    const entries = this.#locations
    const functionsInOrder = entries.decodeFunctions(file, cursor, dictionary)
    const mappings = decodeMappings(file, cursor, dictionary)
    const locations = entries.decodeLocations(file, cursor, dictionary, mappings.byId, functionsInOrder)
    const sampleTypeCount = file.countOf(1)
    if (sampleTypeCount === 0) throw new NotPprofError('no sample types')
    const samples = this.#samples.decode(
      file,
      cursor,
      dictionary,
      previousKeys,
      sampleTypeCount,
      entries.localLocation,
      locations.byId,
    )
    const times = encodeHeader(file, cursor, mappings.entries, this.#header)
    return {
      header: dictionary.internHeader(this.#header.bytes()),
      sampleCount: file.samples.count,
      sampleTypeCount,
      keys: samples.keys,
      values: samples.values,
      wideValues: samples.wideValues,
      timeNanos: times.timeNanos,
      durationNanos: times.durationNanos,
      locations:
        samples.locationsPredicted && locations.byId === undefined
          ? undefined
          : {
              entries: entries.localLocation.slice(0, file.locations.count),
              ids: entries.locationIds.slice(0, file.locations.count),
            },
      functions:
        locations.functionsPredicted && functionsInOrder === undefined
          ? undefined
          : {
              entries: entries.localFunction.slice(0, file.functions.count),
              ids: entries.functionIds.slice(0, file.functions.count),
            },
      isComplete: file.isComplete,
      strings: file.stringOrder,
    }
  }
}
