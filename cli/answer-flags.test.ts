import { Command } from 'commander'
import t from 'tap'
import { answerOptions, readAnswerFlags } from './answer-flags.ts'
import { addFlags } from './flags.ts'

function read(...words: readonly string[]) {
  const command = new Command('query').exitOverride().configureOutput({ writeErr: () => {} })
  addFlags(command, 'How much:', answerOptions)
  return readAnswerFlags(command.parse(words, { from: 'user' }).opts())
}

t.test('limits of answers', async (t) => {
  t.same(read(), {
    queryMaxConcurrent: 10,
    queryMaxProfiles: 2_000_000,
    queryMaxBytes: 1024 ** 3,
  })
  t.same(
    read('--query.workers=0', '--query.max-concurrent=3', '--query.max-profiles=0', '--query.max-bytes=1MB'),
    { queryWorkers: 0, queryMaxConcurrent: 3, queryMaxProfiles: 0, queryMaxBytes: 1024 ** 2 },
  )
  for (const [word, message] of [
    ['--query.workers=-1', /count "-1": want a whole number from 0 to 64/],
    ['--query.workers=65', /count "65": want a whole number from 0 to 64/],
    ['--query.max-concurrent=0', /count "0": want a whole number from 1 to 10000/],
    ['--query.max-profiles=1e6', /count "1e6": want a whole number from 0/],
    ['--query.max-bytes=much', /size "much": want a number with a unit/],
  ] as const)
    t.throws(() => read(word), { message }, word)
})
