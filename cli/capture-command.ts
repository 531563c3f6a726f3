import { type Command, Option } from 'commander'
import type { CaptureValues } from './capture/run-capture.ts'
import { addFlags, reading } from './flags.ts'

/** `conprof capture`: profiles now, of what is scraped anyway. */
export function addCaptureCommand(program: Command): void {
  const command = program
    .command('capture')
    .argument('<selector>', `of what is scraped, such as '{namespace="shop", profile_type="cpu"}'`)
    .usage(`'{…}' [flags]`)
    .summary('take profiles now')
    .description(
      'Take profiles now, of what is scraped anyway. They are stored with the label capture, and take turns with scrapes.',
    )
  addFlags(command, 'What:', [
    new Option(
      '--seconds <count>',
      'length of profiles that take time, and pause between others; up to 300 (default: 10)',
    ).argParser(reading(readCount)),
    new Option('--count <count>', 'so many, one after the other; up to 100 (default: 1)').argParser(
      reading(readCount),
    ),
    new Option('--pods <count>', 'at most so many of those that match; up to 100 (default: 5)').argParser(
      reading(readCount),
    ),
    new Option('--goroutine-text', 'goroutines as text too, one by one, as debug=2 gives them').default(
      false,
    ),
  ])
  addFlags(command, 'Where:', [
    new Option('--url <url>', 'of a running conprof, perhaps http://<user>:<password>@<host>').default(
      'http://localhost:8080',
    ),
    new Option('--web.token-file <file>', 'token to show in place of a user'),
    new Option('-o, --output <folder>', 'write the profiles there too'),
  ])
  command.addHelpText(
    'after',
    `
Standard output has a line per profile: its id, what it is of, a link. The exit code is 1 where one failed.
Interrupted, it stops the capture; what is stored by then stays. It wants a conprof with --web.enable-admin-api.

Examples:
  conprof capture '{namespace="shop", profile_type="cpu"}' --seconds 30 --count 3 --pods 5
      90 seconds of CPU of five pods
  conprof capture 'heap{pod="cart-0"}' --goroutine-text -o incident
      what a pod holds and waits for, as files
`,
  )
  command.action(async (selector: string, values: CaptureValues) => {
    const { runCapture } = await import('./capture/run-capture.ts')
    await runCapture(selector, values)
  })
}

function readCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new SyntaxError(`count ${JSON.stringify(text)}: want a whole number from 1`)
}
