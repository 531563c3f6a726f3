import { type Command, Option } from 'commander'
import type { BlockVersion } from '../block/block-format.ts'
import type { CompactProgramFlags } from '../programs/compact.ts'
import { compactOptions, readCompactFlags } from './compact-flags.ts'
import {
  addFlags,
  given,
  logOptions,
  reading,
  readLogFlags,
  readWebFlags,
  tokenFile,
  webOptions,
  writeVersion,
} from './flags.ts'
import { programContext } from './program-context.ts'
import { readRetentionFlags, retentionOptions } from './retention-flags.ts'

const bucketOptions: readonly Option[] = [
  new Option('--objstore.config-file <file>', 'the bucket, as Thanos writes it'),
  new Option(
    '--storage.path <folder>',
    'for blocks on their way; its bucket/ is compacted, where the bucket is a folder',
  ).default('./data'),
  writeVersion,
]

const onceOptions: readonly Option[] = [
  new Option('--once', 'do all there is to do now, and end').default(false),
  new Option('--dry-run', 'only show what there is to do').default(false),
]

const kubernetesOptions: readonly Option[] = [
  new Option('--compact.lease <namespace/name>', 'of several with this Lease one compacts').argParser(
    reading(parseLease),
  ),
  new Option('--kubeconfig <file>', 'instead of KUBECONFIG, ~/.kube/config or the service account'),
]

/** `conprof compact`: small blocks of a bucket become large ones. */
export function addCompactCommand(program: Command): void {
  const command = program
    .command('compact')
    .usage('--objstore.config-file=<file> [flags]')
    .summary('merge the blocks of a bucket: 30 min, 2 h, a day')
    .description(
      'Merge the blocks of a bucket, those of 30 minutes into 2 hours, then a day, and delete what was merged. Run one per bucket; two do no harm.',
    )
  addFlags(command, 'What it compacts:', bucketOptions)
  addFlags(command, 'How it is merged:', [...compactOptions, ...onceOptions])
  addFlags(command, 'What stays:', retentionOptions)
  addFlags(command, 'In Kubernetes:', kubernetesOptions)
  addFlags(command, 'How it is reached:', [...webOptions(':8080'), tokenFile])
  addFlags(command, 'What it says:', logOptions)
  command.action(async (values: Record<string, unknown>) => {
    const flags = readCompactProgramFlags(values)
    const context = programContext(flags)
    if (values['once'] === true || values['dryRun'] === true) {
      const { compactOnce, showPlan } = await import('./compact-once.ts')
      if (values['dryRun'] === true) await showPlan(flags, context)
      else process.exitCode = await compactOnce(flags, context)
      return
    }
    const { runCompact } = await import('../programs/compact.ts')
    await runCompact({ ...context, flags })
  })
}

function readCompactProgramFlags(values: Readonly<Record<string, unknown>>): CompactProgramFlags {
  return {
    ...readWebFlags(values),
    ...readLogFlags(values),
    ...readCompactFlags(values),
    ...readRetentionFlags(values),
    storagePath: String(values['storage.path']),
    storageWriteVersion: values['storage.writeVersion'] as BlockVersion,
    ...given({
      objstoreConfigFile: values['objstore.configFile'],
      webTokenFile: values['web.tokenFile'],
      compactLease: values['compact.lease'],
      kubeconfig: values['kubeconfig'],
    }),
  }
}

function parseLease(text: string): { readonly namespace: string; readonly name: string } {
  const [, namespace, name] = /^([^/\s]+)\/([^/\s]+)$/.exec(text) ?? []
  if (namespace === undefined || name === undefined) {
    throw new SyntaxError(`lease ${JSON.stringify(text)}: want <namespace>/<name>`)
  }
  return { namespace, name }
}
