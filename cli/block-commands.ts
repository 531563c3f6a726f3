import { type Command, Option } from 'commander'
import type { BucketValues } from './read-blocks.ts'

/** `conprof block …`: what is in a bucket, from the bucket alone. */
export function addBlockCommands(program: Command): void {
  const block = program.command('block').usage('<what> …').helpCommand(false)
  block.summary('what is in a bucket: ls, inspect, verify, cat')
  block.description('Look into blocks. A block is named by its key, the end of it, or a local file.')
  const add = (name: string, description: string) =>
    block
      .command(name)
      .description(description)
      .addOption(new Option('--storage.path <folder>', 'of conprof; its bucket/ is read').default('./data'))
      .addOption(new Option('--objstore.config-file <file>', 'the bucket, where it is not that folder'))
  const load = () => import('./read-blocks.ts')

  add('ls', 'List the blocks of a bucket, oldest first.').action(async (values: BucketValues) =>
    (await load()).listBlocks(values),
  )
  add('inspect', 'Show what a block says of itself: sizes by section, series.')
    .argument('<block>')
    .action(async (name: string, values: BucketValues) => (await load()).inspectBlock(values, name))
  add('verify', 'Read everything in blocks and compare it with what they say.')
    .argument('[blocks...]', 'all, unless some are named')
    .action(async (names: string[], values: BucketValues) => (await load()).verifyBlocks(values, names))
  add('cat', 'Write the bytes of one profile to stdout, as gzip, as it was scraped.')
    .argument('<block>')
    .argument('<profile>', 'its id, or a selector where that finds one profile')
    .action(async (name: string, profile: string, values: BucketValues) =>
      (await load()).catProfile(values, name, profile),
    )
}
