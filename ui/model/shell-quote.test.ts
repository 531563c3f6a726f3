import { execFileSync } from 'node:child_process'
import t from 'tap'
import { shellQuote } from './shell-quote.ts'

t.test('shellQuote() gives a shell back what it was given', (t) => {
  t.equal(shellQuote('cpu'), 'cpu')
  for (const text of ['', `it's`, '{a="b", c=~"x|y"}', '$(id) `id` \\ !', 'a\nb', "''"]) {
    t.equal(execFileSync('/bin/sh', ['-c', `printf %s ${shellQuote(text)}`]).toString(), text)
  }
  t.end()
})
