import { type Command, Option } from 'commander'
import { parseDuration } from '../lib/duration.ts'
import { addFlags, reading } from './flags.ts'
import { type BucketValues, bucketOptions } from './in-bucket.ts'
import { type SelectionValues, selectionOptions } from './selection-options.ts'

export type DeleteValues = BucketValues &
  SelectionValues & { readonly yes: boolean; readonly readersWait: number }

/** `conprof delete`: erases what is selected from every block. */
export function addDeleteCommand(program: Command): void {
  const command = program
    .command('delete')
    .usage(`--match='{…}' --start=<time> --end=<time> [--yes]`)
    .summary('erase profiles for good')
    .description(
      'Erase what is selected from every block, pinned or not, for good: blocks that hold some of it are rewritten without. Without --yes it only shows which.',
    )
  addFlags(command, 'What is erased:', [
    ...selectionOptions(),
    new Option('--yes', 'do it; nothing brings it back').default(false),
    new Option('--readers-wait <duration>', 'how long readers may use a listing')
      .default(parseDuration('2m'), '2m')
      .argParser(reading(parseDuration))
      .hideHelp(),
  ])
  addFlags(command, 'Where:', bucketOptions())
  command.action(async (values: DeleteValues) => {
    const { deleteProfiles } = await import('./delete-profiles.ts')
    await deleteProfiles(values)
  })
}
