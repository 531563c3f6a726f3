import { type Command, Option } from 'commander'
import type { QueryFlags } from '../programs/query.ts'
import { type CollectorsFlag, parseCollectorsFlag } from '../query/collectors/collectors-flag.ts'
import { adminOption, readAdminFlag } from './admin-flag.ts'
import { answerOptions, readAnswerFlags } from './answer-flags.ts'
import { sayStarted } from './banner.ts'
import { cacheOptions, readCacheFlags } from './cache-flags.ts'
import { followFlagTexts } from './flag-texts.ts'
import {
  addFlags,
  given,
  logOptions,
  queryTimeout,
  reading,
  readLogFlags,
  readWebFlags,
  tokenFile,
  webOptions,
} from './flags.ts'
import { programContext } from './program-context.ts'

const sourceOptions: readonly Option[] = [
  new Option('--objstore.config-file <file>', 'the bucket, as Thanos writes it; repeatable: all are one view')
    .default([], 'none')
    .argParser((file: string, before: readonly string[]) => [...before, file]),
  new Option('--storage.path <folder>', 'its bucket/ is read, where the bucket is a folder').default(
    './data',
  ),
  new Option(
    '--collectors <where>',
    'whose heads to read: dnssrv+_http._tcp.<service>, dns+<host>:<port>, http://<host>:<port>; repeatable',
  )
    .default([], 'none')
    .argParser((text: string, before: readonly CollectorsFlag[]) => [
      ...before,
      reading(parseCollectorsFlag)(text),
    ]),
  new Option('--collectors.dns-servers <addresses>', 'name servers for dnssrv+, with commas between')
    .argParser((text: string) => text.split(','))
    .hideHelp(),
]

/** `conprof query`: bucket and collectors to answers. */
export function addQueryCommand(program: Command): void {
  const command = program
    .command('query')
    .usage('--objstore.config-file=<file> --collectors=<where> [flags]')
    .summary('answer and show what is in the bucket and with collectors')
    .description(
      'Answer and show what is in the bucket and what collectors have not brought there yet. Run as many as you like.',
    )
  addFlags(command, 'What it reads:', sourceOptions)
  addFlags(command, 'What it keeps of what it read:', cacheOptions)
  addFlags(command, 'How it is reached:', [...webOptions(':8080'), tokenFile, adminOption])
  addFlags(command, 'What an answer may take:', [queryTimeout, ...answerOptions])
  addFlags(command, 'What it says:', logOptions)
  const flagTexts = followFlagTexts(command)
  command.action(async (values: Record<string, unknown>) => {
    const flags = readQueryFlags(values)
    const context = programContext(flags)
    const { runQuery } = await import('../programs/query.ts')
    await runQuery({
      ...context,
      flags,
      flagTexts: flagTexts(),
      onStarted: (started) => {
        sayStarted({ version: context.build.version, ...started }, { ...context, format: flags.logFormat })
      },
    })
  })
}

function readQueryFlags(values: Readonly<Record<string, unknown>>): QueryFlags {
  return {
    ...readWebFlags(values),
    ...readLogFlags(values),
    ...readAnswerFlags(values),
    ...readCacheFlags(values),
    ...readAdminFlag(values),
    objstoreConfigFiles: values['objstore.configFile'] as readonly string[],
    storagePath: String(values['storage.path']),
    collectors: values['collectors'] as readonly CollectorsFlag[],
    queryTimeoutMs: Number(values['query.timeout']),
    ...given({
      dnsServers: values['collectors.dnsServers'],
      webTokenFile: values['web.tokenFile'],
    }),
  }
}
