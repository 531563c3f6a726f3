import { type Command, InvalidArgumentError, Option } from 'commander'
import { type BlockVersion, blockVersion, defaultWriteVersion } from '../block/block-format.ts'
import { parseDuration } from '../lib/duration.ts'
import { type ListenAddress, parseListenAddress } from '../lib/http/listen-address.ts'
import { type LogFormat, type LogLevel, logLevels } from '../lib/log.ts'

/** Prometheus's flags, by their names without dashes. */
export interface WebFlags {
  readonly webListenAddress: ListenAddress
  readonly webExternalUrl?: string
  readonly webRoutePrefix?: string
  readonly webConfigFile?: string
  readonly webEnableLifecycle: boolean
}

export interface LogFlags {
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
}

export interface StorageFlags {
  readonly storagePath: string
  readonly objstoreConfigFile?: string
  readonly blockDurationMs: number
  readonly storageWriteVersion: BlockVersion
}

/** Turns a parser that throws a SyntaxError into commander's. */
export function reading<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message)
    }
  }
}

/** Under a heading of the command's help. */
export function addFlags(command: Command, heading: string, options: readonly Option[]): void {
  command.optionsGroup(heading)
  for (const option of options) command.addOption(option)
}

function parseUrl(text: string): string {
  const { protocol } = URL.parse(text) ?? {}
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new SyntaxError(`url ${JSON.stringify(text)}: want http://… or https://…`)
  }
  return text
}

export function webOptions(defaultAddress: string): Option[] {
  return [
    new Option('--web.listen-address <host:port>', 'where to listen')
      .default(parseListenAddress(defaultAddress), defaultAddress)
      .argParser(reading(parseListenAddress)),
    new Option('--http-address <host:port>', 'the same').argParser(reading(parseListenAddress)),
    new Option('--web.external-url <url>', 'what browsers open; its path becomes the prefix').argParser(
      reading(parseUrl),
    ),
    new Option('--web.route-prefix <path>', 'prefix of all paths, where it differs'),
    new Option('--web.config.file <file>', 'TLS and basic auth, as Prometheus writes them'),
    new Option('--web.enable-lifecycle', 'allow POST /-/reload and /-/quit').default(false),
  ]
}

export const logOptions: readonly Option[] = [
  new Option('--log.level <level>', 'how much to say').choices([...logLevels]).default('info'),
  new Option('--log.format <format>', 'auto: pretty on a terminal, else json')
    .choices(['auto', 'pretty', 'json'])
    .default('auto'),
]

/** Before an upgrade is taken back, so that what is written meanwhile can be read after it. */
export const writeVersion: Option = new Option(
  '--storage.write-version <version>',
  'the version of blocks that are written: the release before this one reads it',
)
  .default(defaultWriteVersion, String(defaultWriteVersion))
  .argParser(reading(parseWriteVersion))

function parseWriteVersion(text: string): BlockVersion {
  if (text === '1' || text === '2') return Number(text) as BlockVersion
  throw new SyntaxError(`block version ${JSON.stringify(text)}: want 1 or ${blockVersion}`)
}

export const storageOptions: readonly Option[] = [
  new Option('--storage.path <folder>', 'for the log, blocks on their way, and the default bucket').default(
    './data',
  ),
  new Option('--objstore.config-file <file>', 'an S3 bucket or a folder instead, as Thanos writes it'),
  writeVersion,
  new Option('--block.duration <duration>', 'how often the head becomes a block')
    .default(parseDuration('30m'), '30m')
    .argParser(reading(parseDuration))
    .hideHelp(),
]

export const queryTimeout: Option = new Option('--query.timeout <duration>', 'answer what is there by then')
  .default(parseDuration('2m'), '2m')
  .argParser(reading(parseDuration))

export const tokenFile: Option = new Option(
  '--web.token-file <file>',
  'token that our programs show each other',
)

/** Commander's values, whose names it makes from the dots, under ours. The parsers above gave each its type. */
export function readWebFlags(values: Readonly<Record<string, unknown>>): WebFlags {
  const flags = {
    webListenAddress: values['httpAddress'] ?? values['web.listenAddress'],
    webExternalUrl: values['web.externalUrl'],
    webRoutePrefix: values['web.routePrefix'],
    webConfigFile: values['web.config.file'],
    webEnableLifecycle: values['web.enableLifecycle'],
  } satisfies Record<keyof WebFlags, unknown>
  return given(flags) as unknown as WebFlags
}

export function readLogFlags(values: Readonly<Record<string, unknown>>): LogFlags {
  const flags = {
    logLevel: values['log.level'],
    logFormat: values['log.format'],
  } satisfies Record<keyof LogFlags, unknown>
  return flags as LogFlags
}

export function readStorageFlags(values: Readonly<Record<string, unknown>>): StorageFlags {
  const flags = {
    storagePath: values['storage.path'],
    objstoreConfigFile: values['objstore.configFile'],
    blockDurationMs: values['block.duration'],
    storageWriteVersion: values['storage.writeVersion'],
  } satisfies Record<keyof StorageFlags, unknown>
  return given(flags) as unknown as StorageFlags
}

/** What was not given is not there at all. */
export function given(flags: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
}
