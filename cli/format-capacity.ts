import { formatByteSize } from '../lib/byte-size.ts'
import { formatDuration } from '../lib/duration.ts'
import type { Capacity, ComponentCapacity } from './capacity.ts'
import { formatTable } from './table.ts'

/** For a person at a terminal. */
export function formatCapacity(capacity: Capacity): string {
  const { request, storage, requests, traffic, components } = capacity
  const { pods, services, retentionMs, zones } = request
  const kept =
    retentionMs === 0 ? 'a year of it (retention 0 keeps all)' : `${formatDuration(retentionMs)} of it`
  const ratio = storage.gzipBytesPerDay / storage.bytesPerDay
  const sections = [
    `${pods} pods of ${services} services, ${request.profiles.join(', ')} every ${formatDuration(request.intervalMs)}: ${count(capacity.profilesPerDay)} profiles a day\n`,
    formatTable(
      ['', ' a day', ''],
      [
        [
          'storage',
          formatByteSize(storage.bytesPerDay),
          `${formatByteSize(storage.totalBytes)} for ${kept}; ${ratio.toFixed(0)}× less than gzip files`,
        ],
        [
          'requests: put',
          count(requests.puts),
          `${requests.perCollectorHour.toFixed(1)} an hour of each collector`,
        ],
        ['requests: get', count(requests.gets), 'of the compactor'],
        ['requests: list', count(requests.lists), 'of the compactor; query asks as often as it is asked'],
        ['requests: delete', count(requests.deletes), ''],
        ['scraped', formatByteSize(traffic.scrapedBytesPerDay), ''],
        ['between zones', formatByteSize(traffic.crossZoneBytesPerDay), `${zones} zones, spread evenly`],
        ['to the bucket', formatByteSize(traffic.uploadedBytesPerDay), 'by collectors'],
        ['compacted', formatByteSize(traffic.compactedBytesPerDay), 'read and written by the compactor'],
      ],
    ),
    formatTable(['component', ' replicas', ' cpu', ' memory', ' disk'], components.map(row)),
    'Measured with Go programs of three sizes; yours differ. --values prints this as values of the chart.\n',
  ]
  return sections.join('\n')
}

/** The line of docs/operating.md. */
export function formatCapacityRow(capacity: Capacity): string {
  const { request, storage, requests, traffic, components } = capacity
  const of = (name: ComponentCapacity['name']) => components.find((each) => each.name === name)!
  const short = (name: ComponentCapacity['name']) => {
    const [, replicas, cpu, memory, disk] = row(of(name))
    return `${replicas} × ${cpu}, ${memory}${disk === '' ? '' : `, ${disk}`}`
  }
  const cells = [
    String(request.pods),
    formatByteSize(storage.bytesPerDay),
    formatByteSize(storage.totalBytes),
    `${count(requests.puts)} / ${count(requests.gets)}`,
    formatByteSize(traffic.crossZoneBytesPerDay),
    short('collector'),
    short('compact'),
    short('query'),
    short('operator'),
  ]
  return `| ${cells.join(' | ')} |`
}

/** Values for the chart, as YAML. */
export function formatCapacityValues(capacity: Capacity): string {
  const { request, components } = capacity
  const lines = [
    `# conprof check capacity: ${request.pods} pods of ${request.services} services, every ${formatDuration(request.intervalMs)}.`,
    'retention:',
    `  time: ${request.retentionMs === 0 ? '"0"' : formatDuration(request.retentionMs)}`,
    `defaultInterval: ${formatDuration(request.intervalMs)}`,
  ]
  for (const component of components) {
    lines.push(`${component.name}:`)
    if (component.name === 'collector')
      lines.push(
        `  replicas: ${component.replicas}`,
        `  maxReplicas: ${Math.max(10, component.replicas * 2)}`,
      )
    else if (component.name === 'query') lines.push(`  replicas: ${component.replicas}`)
    lines.push(
      '  resources:',
      `    requests: {cpu: ${milli(component.cpuCores)}, memory: ${mebi(component.memoryBytes)}}`,
      `    limits: {memory: ${mebi(component.memoryBytes * 1.5)}}`,
    )
    if (component.name === 'query') lines.push(`  cacheSize: ${gibi(component.diskBytes)}`)
    if (component.name === 'compact') lines.push(`  diskSize: ${gibi(component.diskBytes)}`)
    if (component.name === 'collector') lines.push('  persistence:', `    size: ${gibi(component.diskBytes)}`)
  }
  return `${lines.join('\n')}\n`
}

function row({ name, replicas, cpuCores, memoryBytes, diskBytes }: ComponentCapacity): string[] {
  return [name, String(replicas), milli(cpuCores), mebi(memoryBytes), diskBytes === 0 ? '' : gibi(diskBytes)]
}

/** As Kubernetes writes it, a little more rather than less. */
function milli(cores: number): string {
  return `${Math.max(20, Math.ceil(cores * 100) * 10)}m`
}

function mebi(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20 / 64) * 64}Mi`
}

function gibi(bytes: number): string {
  return `${Math.max(1, Math.ceil(bytes / 2 ** 30))}Gi`
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en-US')
}
