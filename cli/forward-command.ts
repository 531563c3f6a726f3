import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ProgramAddress, parseProgramAddress } from '../forward/program-address.ts'
import { parseAllowPath, parsePathPrefix } from '../forward/request-rules.ts'
import type { ForwardFlags } from '../programs/forward.ts'
import {
  addFlags,
  given,
  logOptions,
  reading,
  readLogFlags,
  readWebFlags,
  tokenFile,
  webOptions,
} from './flags.ts'
import { programContext } from './program-context.ts'

const forwardOptions: readonly Option[] = [
  new Option('--target <host:port>', 'where the program listens, on localhost')
    .makeOptionMandatory()
    .argParser(readTarget),
  new Option('--path-prefix <path>', 'what goes before /debug/pprof, such as /app')
    .default('', 'none')
    .argParser(reading(parsePathPrefix)),
  new Option('--allow-path <path>', 'lets one more path through, such as /debug/fgprof; repeatable')
    .default([], 'none')
    .argParser((text: string, before: readonly string[]) => [...before, reading(parseAllowPath)(text)]),
]

/** `conprof forward`: the sidecar of a program that listens on localhost only. */
export function addForwardCommand(program: Command): void {
  const command = program
    .command('forward')
    .usage('--target=127.0.0.1:6060 [flags]')
    .summary('beside a program that serves pprof on localhost only')
    .description(
      'Let pprof of a program through that listens on localhost only, and nothing else of it. Runs in its pod.',
    )
  addFlags(command, 'What it lets through:', forwardOptions)
  addFlags(command, 'How it is reached:', [...webOptions(':6061'), tokenFile])
  addFlags(command, 'What it says:', logOptions)
  command.action(async (values: Record<string, unknown>) => {
    const flags = readForwardFlags(values)
    const { runForward } = await import('../programs/forward.ts')
    await runForward({ ...programContext(flags), flags })
  })
}

/** One: whose profiles they are would be lost behind one address for several. */
function readTarget(text: string, before: ProgramAddress | undefined): ProgramAddress {
  if (before !== undefined) {
    throw new InvalidArgumentError(
      'there is one --target; run one conprof forward for each, on ports of their own',
    )
  }
  return reading(parseProgramAddress)(text)
}

function readForwardFlags(values: Readonly<Record<string, unknown>>): ForwardFlags {
  return {
    ...readWebFlags(values),
    ...readLogFlags(values),
    target: values['target'] as ProgramAddress,
    pathPrefix: String(values['pathPrefix']),
    allowPaths: values['allowPath'] as readonly string[],
    ...given({ webTokenFile: values['web.tokenFile'] }),
  }
}
