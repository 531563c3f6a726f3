import { type Command, Option } from 'commander'
import { parsePathTemplate } from '../import/path-template.ts'
import { parseTime } from '../query/time.ts'
import { addFlags, reading, writeVersion } from './flags.ts'
import type { ImportValues } from './import-files.ts'

/** `conprof import`: pprof files into a bucket. */
export function addImportCommand(program: Command): void {
  const command = program
    .command('import')
    .argument('<files...>', 'pprof files, folders of them, - for stdin')
    .usage('[flags] <files…>')
    .summary('bring pprof files into a bucket')
    .description(
      'Bring pprof files into a bucket. The same files make the same blocks, so that it may be repeated.',
    )
  addFlags(command, 'What they are:', [
    new Option('--label <name=value>', 'a label of all of them; repeatable')
      .default({}, 'none')
      .argParser((text: string, before: Readonly<Record<string, string>>) =>
        reading((given) => readLabel(given, before))(text),
      ),
    new Option(
      '--path-template <template>',
      'labels and time from paths, such as {job}/{profile_type}/{timeMs}.pb.gz; * is anything',
    ).argParser(reading(parsePathTemplate)),
    new Option(
      '--time <time>',
      'of all of them: unix seconds, RFC 3339, now-1h; else the path, the profile, the file say',
    ).argParser(reading((text) => parseTime(text, Date.now()))),
  ])
  addFlags(command, 'Where it goes:', [
    new Option('--storage.path <folder>', 'of conprof; its bucket/ is written').default('./data'),
    new Option('--objstore.config-file <file>', 'the bucket, where it is not that folder'),
    writeVersion,
    new Option('--dry-run', 'only say what would be imported').default(false),
  ])
  command.addHelpText(
    'after',
    `
Without profile_type among the labels, sample types tell it: cpu, heap, goroutine, …

Examples:
  conprof import --label job=api cpu.pb.gz heap.pb.gz
      two profiles of one program, at the times they say they are of
  curl -s http://localhost:6060/debug/pprof/heap | conprof import --label job=api -
      what a process says now
  conprof import --path-template '{job}/{profile_type}/{timeMs}.pb.gz' --dry-run profiles/
      what is in a folder such as profiles/api/heap/1795380901255.pb.gz?
`,
  )
  command.action(async (files: string[], values: ImportValues) => {
    const { importFiles } = await import('./import-files.ts')
    await importFiles(files, values)
  })
}

function readLabel(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]*)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined || value === '') {
    throw new SyntaxError(`label ${JSON.stringify(text)}: want <name>=<value>`)
  }
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
    throw new SyntaxError(
      `label ${JSON.stringify(text)}: name ${JSON.stringify(name)}, want letters, digits and _`,
    )
  }
  if (before[name] !== undefined && before[name] !== value) {
    throw new SyntaxError(`label ${JSON.stringify(text)}: ${name} is ${JSON.stringify(before[name])} already`)
  }
  return { ...before, [name]: value }
}
