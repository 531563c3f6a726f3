import type { ComponentChildren } from 'preact'
import type {
  BlockItem,
  BlocksAnswer,
  BuildInfoAnswer,
  CollectorItem,
  CollectorsAnswer,
  ConfigAnswer,
  FlagsAnswer,
  RuntimeInfoAnswer,
} from '../../query/api/types.ts'
import { formatAgo, formatBytes, formatTime, plural } from '../model/format.ts'
import { useStore } from '../store.ts'
import { ErrorNotice, Loading, Warnings } from './notices.tsx'
import { StoragePanel } from './storage-panel.tsx'
import { useAnswer } from './use-answer.ts'

export function StatusPage() {
  const store = useStore()
  const flags = useAnswer<FlagsAnswer>('status/flags', {}, store.nowMs.value).data
  return (
    <div class="page">
      <header class="page-head">
        <h1>Status</h1>
      </header>
      <div class="status-columns">
        <Section<BuildInfoAnswer> title="Build" path="status/buildinfo">
          {(build) => (
            <Pairs
              pairs={[
                ['Version', build.version],
                ['Revision', build.revision],
                ['Node.js', build.nodeVersion],
              ]}
            />
          )}
        </Section>
        <Section<RuntimeInfoAnswer> title="Process" path="status/runtimeinfo">
          {(runtime) => (
            <Pairs
              pairs={[
                [
                  'Started',
                  `${formatTime(runtime.startTime, store.utc.value)} (${formatAgo(runtime.startTime, runtime.serverTime)})`,
                ],
                ['Resident memory', formatBytes(runtime.residentBytes)],
                ['Heap in use', formatBytes(runtime.heapUsedBytes)],
              ]}
            />
          )}
        </Section>
      </div>
      <Section<CollectorsAnswer>
        title="Collectors"
        path="status/collectors"
        isWorthIt={({ collectors, unresolved }) => collectors.length + unresolved.length > 0}
      >
        {(answer) => <Collectors {...answer} />}
      </Section>
      <StoragePanel />
      <Section<BlocksAnswer> title="Blocks" path="status/blocks">
        {({ blocks }) => <Blocks blocks={onceEach(blocks)} />}
      </Section>
      {flags !== undefined && (
        <section class="panel" aria-label="Flags">
          <header class="panel-head">
            <h2>Flags</h2>
          </header>
          <div class="panel-body">
            <Pairs pairs={Object.entries(flags).map(([name, value]) => [`--${name}`, value])} />
          </div>
        </section>
      )}
      {/* Programs that scrape nothing have no configuration, nor the flag that names it. */}
      {flags?.['config.file'] !== undefined && (
        <Section<ConfigAnswer>
          title="Configuration"
          path="status/config"
          isWorthIt={({ yaml }) => yaml !== ''}
        >
          {({ yaml }) => (
            <pre class="config" tabIndex={0}>
              {yaml}
            </pre>
          )}
        </Section>
      )}
    </div>
  )
}

function Section<Data>(props: {
  readonly title: string
  readonly path: string
  /** Given where a program may have nothing to say here: then there is no such section, nor while that is unknown. */
  readonly isWorthIt?: (data: Data) => boolean
  readonly children: (data: Data) => ComponentChildren
}) {
  const { data, error, warnings } = useAnswer<Data>(props.path, {}, useStore().nowMs.value)
  if (props.isWorthIt !== undefined && (data === undefined || !props.isWorthIt(data)) && error === undefined)
    return null
  return (
    <section class="panel" aria-label={props.title}>
      <header class="panel-head">
        <h2>{props.title}</h2>
      </header>
      <div class="panel-body">
        {error !== undefined && <ErrorNotice error={error} />}
        <Warnings warnings={warnings} />
        {data === undefined && error === undefined && <Loading what="Asking…" />}
        {data !== undefined && props.children(data)}
      </div>
    </section>
  )
}

function Collectors({ collectors, unresolved }: CollectorsAnswer) {
  return (
    <>
      {unresolved.map(({ name, problem }) => (
        <p key={name} class="danger">
          No collector of {name}: {problem}
        </p>
      ))}
      {collectors.length > 0 && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="List of collectors">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Name</th>
                <th scope="col">Address</th>
                <th scope="col">Last seen</th>
                <th scope="col">Version</th>
                <th scope="col" class="number">
                  Scrape loops
                </th>
                <th scope="col" class="number">
                  Pending blocks
                </th>
                <th scope="col" class="number">
                  In the head
                </th>
              </tr>
            </thead>
            <tbody>
              {collectors.map((collector) => (
                <CollectorRow key={collector.address} collector={collector} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}

function CollectorRow({ collector }: { readonly collector: CollectorItem }) {
  const store = useStore()
  const { name, address, reachable, error, lastSeen, version, targets, pendingBlocks, headAttempts } =
    collector
  return (
    <tr>
      <td>
        <span class={`badge badge-${reachable ? 'good' : 'bad'}`}>
          {reachable ? 'reachable' : 'unreachable'}
        </span>
      </td>
      <td>{name}</td>
      <td class="target-address">
        <code>{address}</code>
        {error !== '' && <p class="target-reason danger">{error}</p>}
      </td>
      <td class="nowrap" title={lastSeen > 0 ? formatTime(lastSeen, store.utc.value) : ''}>
        {lastSeen > 0 ? formatAgo(lastSeen, store.nowMs.value) : 'not yet'}
      </td>
      <td>{version ?? ''}</td>
      <td class="number">{targets?.toLocaleString('en-US') ?? ''}</td>
      <td class="number">{pendingBlocks ?? ''}</td>
      <td class="number">{headAttempts?.toLocaleString('en-US') ?? ''}</td>
    </tr>
  )
}

function Pairs({ pairs }: { readonly pairs: readonly (readonly [string, string])[] }) {
  return (
    <dl class="pairs">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value === '' ? <span class="muted">not set</span> : value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What was uploaded is pending a while longer, for readers that still need it there: the bucket's copy counts. */
function onceEach(blocks: BlocksAnswer['blocks']): BlocksAnswer['blocks'] {
  const named = new Map<string, BlockItem>()
  for (const block of blocks) {
    const other = named.get(block.name)
    named.set(block.name, block.place === 'bucket' ? { ...other, ...block } : { ...block, ...other })
  }
  return [...named.values()]
}

function Blocks({ blocks }: { readonly blocks: BlocksAnswer['blocks'] }) {
  const utc = useStore().utc.value
  if (blocks.length === 0)
    return <p class="muted">No block yet: the first is cut some time after the first profile.</p>
  return (
    <>
      <p class="muted">
        {plural(blocks.length, 'block')},{' '}
        {formatBytes(blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))}
      </p>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="List of blocks">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Place</th>
              <th scope="col" class="number">
                Level
              </th>
              <th scope="col" class="number">
                Profiles
              </th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">Name</th>
            </tr>
          </thead>
          <tbody>
            {blocks.map((block) => (
              <tr key={`${block.place} ${block.collector} ${block.name}`}>
                <td class="nowrap">{formatTime(block.minTime, utc)}</td>
                <td class="nowrap">{formatTime(block.maxTime, utc)}</td>
                <td>{block.collector === undefined ? block.place : `${block.place}, ${block.collector}`}</td>
                <td class="number">{block.level}</td>
                <td class="number">{block.profiles?.toLocaleString('en-US') ?? ''}</td>
                <td class="number">{formatBytes(block.sizeBytes)}</td>
                <td>
                  <code>{block.name}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
