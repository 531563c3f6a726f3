import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { createRandom, mutate } from '../../test/support/mutate.ts'
import { corpusFiles } from '../testdata/corpus-files.ts'
import { ApiError } from './answer.ts'
import { readParameters } from './parameters.ts'
import { type ProfileFormat, profileFormats, profileParameters } from './profile-parameters.ts'
import { viewProfile } from './view-profile.ts'

const whole = gunzipSync(corpusFiles('etcd', 'mutex')[0]!.body)
const signal = new AbortController().signal

function view(format: ProfileFormat, file: Uint8Array, baseFile: Uint8Array | undefined, filter: string) {
  const search = new URLSearchParams(`format=${format}${filter}`)
  return viewProfile(readParameters(profileParameters, search), { file, baseFile, signal })
}

/** Whether the fault is the file's, and told as such. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError || (error as { readonly code?: unknown }).code === 'NOT_PPROF'
}

t.test('a damaged file is viewed or refused, whatever is asked of it', async (t) => {
  const random = createRandom(7)
  let viewed = 0
  let refused = 0
  for (let round = 0; round < 1500; round++) {
    const format = profileFormats[round % profileFormats.length]!
    const file = mutate(whole, random)
    const baseFile = round % 3 === 0 ? mutate(whole, random) : undefined
    const filter = round % 4 === 0 ? '&f=etcd&h=runtime&norm=1' : ''
    try {
      await view(format, file, baseFile, filter)
      viewed++
    } catch (error) {
      if (!isRefusal(error)) {
        t.fail(`round ${round}, ${format}: ${(error as Error).stack}`)
        break
      }
      refused++
    }
  }
  t.ok(viewed > 100 && refused > 100, `${viewed} viewed, ${refused} refused`)
})
