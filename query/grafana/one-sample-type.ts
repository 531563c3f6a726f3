import { fromBinary } from '@bufbuild/protobuf'
import { type Profile, ProfileSchema } from './querier-pb.ts'

/**
 * A pprof file as a message, with one of its sample types: those who ask read the first. With a call site only stacks
 * that begin with these functions, outermost first.
 */
export function oneSampleType(
  pprof: Uint8Array,
  type: string,
  { callSite }: { readonly callSite: readonly string[] },
): Profile {
  const profile = fromBinary(ProfileSchema, pprof)
  const nameOf = (index: bigint) => profile.stringTable[Number(index)] ?? ''
  const place = profile.sampleType.findIndex((each) => nameOf(each.type) === type)
  if (place < 0) return { ...profile, sampleType: [], sample: [] }
  const begins = callSite.length === 0 ? () => true : beginsWith(profile, callSite)
  const sample = profile.sample.flatMap((each) => {
    const value = each.value[place] ?? 0n
    return value === 0n || !begins(each.locationId) ? [] : [{ ...each, value: [value] }]
  })
  return { ...profile, sampleType: [profile.sampleType[place]!], defaultSampleType: 0n, sample }
}

/** Locations are innermost first, and so are the functions inlined at one. */
function beginsWith(
  profile: Profile,
  callSite: readonly string[],
): (locations: readonly bigint[]) => boolean {
  const functions = new Map(
    profile.function.map(({ id, name }) => [id, profile.stringTable[Number(name)] ?? '']),
  )
  const frames = new Map(
    profile.location.map(({ id, line }) => [
      id,
      line.map(({ functionId }) => functions.get(functionId) ?? ''),
    ]),
  )
  return (locations) => {
    const stack = locations.flatMap((location) => frames.get(location) ?? []).reverse()
    return callSite.every((name, i) => stack[i] === name)
  }
}
