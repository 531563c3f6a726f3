import { ByteWriter } from '../lib/bytes/byte-writer.ts'
import { decodeMappings } from './decode-mappings.ts'
import { Dictionary } from './dictionary.ts'
import { encodeHeader } from './encode-header.ts'
import { NotPprofError } from './errors.ts'
import { type HeaderFacts, headerFacts } from './header.ts'
import { PprofFile } from './pprof-file.ts'
import { ProtobufCursor } from './protobuf-cursor.ts'

/** What an uncompressed pprof file says of itself, without its samples. Throws NotPprofError. */
export function pprofFacts(bytes: Uint8Array): HeaderFacts & { readonly timeNanos: bigint } {
  const dictionary = new Dictionary()
  const file = new PprofFile()
  const cursor = new ProtobufCursor(bytes)
  file.scan(cursor)
  file.decodeStrings(bytes, dictionary)
  const header = new ByteWriter(256)
  const mappings = decodeMappings(file, cursor, dictionary).entries
  const { timeNanos } = encodeHeader(file, cursor, mappings, header)
  const facts = headerFacts(header.bytes(), dictionary)
  if (facts.sampleTypes.length === 0) throw new NotPprofError('no sample types')
  return { ...facts, timeNanos }
}
