import { type Command, Option } from 'commander'
import { parseDuration } from '../lib/duration.ts'
import { reading } from './flags.ts'
import { type BucketValues, bucketOptions } from './in-bucket.ts'

/** `conprof block …`: what is in a bucket, from the bucket alone. */
export function addBlockCommands(program: Command): void {
  const block = program.command('block').usage('<what> …').helpCommand(false)
  block.summary('what is in a bucket: ls, inspect, verify, cat; undelete, confirm-deletion')
  block.description(
    'Look into blocks, and bring back deleted ones. A block is named by its key, the end of it, or a local file.',
  )
  const add = (name: string, description: string) => {
    const command = block.command(name).description(description)
    for (const option of bucketOptions()) command.addOption(option)
    return command
  }
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
  add('undelete', 'Bring deleted blocks back, until 48 h after they were deleted.')
    .argument('[blocks...]', 'which')
    .addOption(
      new Option('--since <duration>', 'all that were deleted within it, such as 2h').argParser(
        reading(parseDuration),
      ),
    )
    .action(async (names: string[], values: BucketValues & { readonly since?: number }) => {
      const { undeleteBlocks } = await import('./deleted-blocks.ts')
      await undeleteBlocks(names, values)
    })
  add('confirm-deletion', 'Let retention delete as much at once as it halted before.').action(
    async (values: BucketValues) => {
      const { confirmDeletion } = await import('./deleted-blocks.ts')
      await confirmDeletion(values)
    },
  )
}
