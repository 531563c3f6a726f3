import { type Command, Option } from 'commander'
import { addPin, readPins, removePin } from '../compact/pins.ts'
import { plural } from '../lib/plural.ts'
import { addFlags } from './flags.ts'
import { type BucketValues, bucketOptions, inBucket } from './in-bucket.ts'
import { readSelection, type SelectionValues, selectionOptions } from './selection-options.ts'
import { formatTable } from './table.ts'

type PinValues = BucketValues & SelectionValues & { readonly list: boolean }

/** `conprof pin` and `conprof unpin`: what retention leaves alone. */
export function addPinCommands(program: Command): void {
  const pin = program
    .command('pin')
    .argument('[name]', 'of the pin, such as incident-7')
    .usage(`<name> --match='{…}' --start=<time> --end=<time>`)
    .summary('keep profiles beyond retention')
    .description('Keep what is selected beyond age, size and thinning, until conprof unpin.')
  addFlags(pin, 'What is kept:', [
    ...selectionOptions(),
    new Option('--list', 'only show the pins there are').default(false),
  ])
  addFlags(pin, 'Where:', bucketOptions())
  pin.action(async (name: string | undefined, values: PinValues) => {
    if (values.list) return list(values)
    if (name === undefined) throw new Error('pin: want a name, or --list')
    const selection = readSelection(values, `pin ${name}`)
    await inBucket(values, (bucket) => addPin(bucket, { name, ...selection }))
    process.stdout.write(`${name} keeps ${selection.match}\n`)
  })
  const unpin = program
    .command('unpin')
    .argument('<name>')
    .usage('<name>')
    .summary('let retention have what a pin kept')
    .description('Take a pin away: what it kept goes with the next pass, where it is too old or too much.')
  addFlags(unpin, 'Where:', bucketOptions())
  unpin.action(async (name: string, values: BucketValues) => {
    await inBucket(values, async (bucket) => {
      if (!(await removePin(bucket, name))) throw new Error(`unpin "${name}" in ${bucket.name}: no such pin`)
    })
    process.stdout.write(`${name} keeps nothing any more\n`)
  })
}

function list(values: BucketValues): Promise<void> {
  return inBucket(values, async (bucket) => {
    const pins = await readPins(bucket)
    const rows = pins.map(({ name, match, startMs, endMs }) => [
      name,
      isoTime(startMs),
      isoTime(endMs),
      match,
    ])
    if (rows.length > 0) process.stdout.write(formatTable(['pin', 'from', 'to', 'keeps'], rows))
    process.stdout.write(`${plural(pins.length, 'pin')} in ${bucket.name}\n`)
  })
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
