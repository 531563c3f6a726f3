import { Command } from 'commander'
import t from 'tap'
import { followFlagTexts } from './flag-texts.ts'
import { addFlags, logOptions } from './flags.ts'
import { sourceOptions } from './source-flags.ts'

function textsOf(...flags: string[]): Readonly<Record<string, string>> {
  const command = new Command().exitOverride()
  addFlags(command, 'What:', [...sourceOptions, ...logOptions])
  const texts = followFlagTexts(command)
  command.parse(flags, { from: 'user' })
  return texts()
}

t.test('followFlagTexts() tells what was written, and the default of the rest', (t) => {
  const texts = textsOf('--config.kubernetes=a/b', '--external-label=cluster=b', '--external-label', 'zone=c')
  t.match(texts, {
    'config.kubernetes': 'a/b',
    'external-label': 'cluster=b, zone=c',
    'collector.max-gap': '30s',
    'config.file': '',
    'log.level': 'info',
  })
  t.equal(textsOf()['external-label'], 'none')
  t.end()
})
