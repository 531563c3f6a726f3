import {
  Line,
  Location,
  Mapping,
  Function as PprofFunction,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format'
import type { MergedProfile } from '../../profile/merged-profile.ts'
import { profileFromPprof } from '../../profile/profile-from-pprof.ts'

export function mergedFromText(drawn: string): MergedProfile {
  return profileFromPprof(pprofFromText(drawn))
}

/**
 * A profile drawn as folded stacks: one `outermost;…;innermost value` a line. `a+b` is one location, in which b was
 * inlined into a; `@0x10` is a location without lines, `@lib.so` one without an address either. `frames` are what it says
 * is to be left out of reports.
 */
export function pprofFromText(
  drawn: string,
  frames: { readonly drop?: string; readonly keep?: string } = {},
): Uint8Array {
  const strings = new StringTable()
  const mapping: Mapping[] = []
  const functions = new Map<string, PprofFunction>()
  const locations = new Map<string, Location>()
  const functionOf = (name: string): PprofFunction => {
    let found = functions.get(name)
    if (found === undefined) {
      const at = strings.dedup(name)
      found = new PprofFunction({ id: functions.size + 1, name: at, filename: strings.dedup(`${name}.go`) })
      functions.set(name, found)
    }
    return found
  }
  const locationOf = (text: string): Location => {
    let found = locations.get(text)
    if (found === undefined) {
      const id = locations.size + 1
      if (text.startsWith('@0x')) found = new Location({ id, address: Number(text.slice(1)) })
      else if (text.startsWith('@')) {
        mapping.push(
          new Mapping({ id: mapping.length + 1, filename: strings.dedup(`/usr/lib/${text.slice(1)}`) }),
        )
        found = new Location({ id, mappingId: mapping.length })
      } else {
        const line = text
          .split('+')
          .reverse()
          .map((name) => new Line({ functionId: functionOf(name).id, line: 1 }))
        found = new Location({ id, line })
      }
      locations.set(text, found)
    }
    return found
  }
  const sample = drawn
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const space = line.lastIndexOf(' ')
      const stack = line.slice(0, space).split(';').reverse()
      return new Sample({
        locationId: stack.map((text) => locationOf(text).id),
        value: [BigInt(line.slice(space + 1))],
      })
    })
  const sampleType = [new ValueType({ type: strings.dedup('samples'), unit: strings.dedup('count') })]
  return new Profile({
    sampleType,
    sample,
    mapping,
    location: [...locations.values()],
    function: [...functions.values()],
    dropFrames: strings.dedup(frames.drop ?? ''),
    keepFrames: strings.dedup(frames.keep ?? ''),
    stringTable: strings,
  }).encode()
}
