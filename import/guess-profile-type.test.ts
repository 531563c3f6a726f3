import t from 'tap'
import { guessProfileType } from './guess-profile-type.ts'

t.test('guessProfileType() goes by sample types, and by the path where they say too little', async (t) => {
  const cases: [types: string, path: string, guess: string | undefined, shown?: string][] = [
    ['samples cpu', 'x', 'cpu'],
    ['alloc_objects alloc_space inuse_objects inuse_space', 'x', 'heap'],
    ['alloc_objects alloc_space inuse_objects inuse_space', 'x', 'allocs', 'alloc_space'],
    ['objects space', 'x', 'heap'],
    ['goroutine', 'x', 'goroutine'],
    ['threadcreate', 'x', 'threadcreate'],
    ['sample wall', 'x', 'wall'],
    ['contentions delay', 'block/mutex.pb.gz', 'mutex'],
    ['contentions delay', 'a.block.pb.gz', 'block'],
    ['contentions delay', 'blocks/mutexes.pb.gz', undefined],
    ['requests', 'x', 'requests'],
    ['a-b', 'x', undefined],
  ]
  for (const [text, path, guess, shown] of cases) {
    const sampleTypes = text.split(' ').map((type) => ({ type, unit: 'count' }))
    const named = sampleTypes.findIndex(({ type }) => type === shown)
    const defaultSampleType = named >= 0 ? named : sampleTypes.length - 1
    const facts = {
      sampleTypes,
      defaultSampleType,
      periodType: { type: '', unit: '' },
      period: 0n,
      dropFrames: '',
      keepFrames: '',
    }
    t.equal(guessProfileType(facts, path), guess, `${text} ${path}`)
  }
})
