// Programs that end without a word: what was stored stays, and at most one scrape of each target is missing.
import { existsSync, globSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ProfileItem } from '../../query/api/types.ts'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { gaps, overlaps, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { containerPid } from './support/container-pid.ts'
import { installRelease } from './support/installed-release.ts'
import { bucketFolder } from './support/remove-release.ts'
import { socketQueues } from './support/socket-queues.ts'
import { readStoredBlocks } from './support/stored-blocks.ts'
import { lostAttempts, untilWholeAnswer } from './support/told-attempts.ts'

const namespace = 'killed'
const s3Port = 7070
/** Longer than a program takes to start again, also on a busy machine. */
const intervalMs = 40_000
/** Of the one pod of the shop. */
const loops = 2

t.test('kill -9, and a pod deleted in the middle of an upload', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const startMs = Date.now()
  const { cluster, release, s3, query } = await installRelease(
    t,
    namespace,
    {
      // A scrape is due while a program starts again, not two.
      defaultInterval: `${intervalMs / 1000}s`,
      collector: { extraArgs: ['--block.duration=30s'] },
    },
    { profiles: 'cpu,heap', timeout: '20s' },
  )
  const { mustKubectl } = cluster
  const [collector] = await release.pods('collector')
  const isBlock = (key: string) => key.endsWith('.block')
  const s3Pod = await mustKubectl(['get', 'pods', '-n=s3', '-o=jsonpath={.items[0].metadata.name}'])
  const s3Pid = await containerPid(cluster, 's3', s3Pod)

  /** Waits until everything of the shop that is scraped was scraped after now. */
  async function untilScraped(): Promise<void> {
    const nowMs = Date.now()
    await eventually(`${loops} loops to go on`, async () => {
      const attempts = await untilWholeAnswer(query, nowMs, '{namespace="shop"}')
      return scrapeLoops(attempts).length === loops
    })
  }

  await steps.step('profiles are in the bucket, and in the log of the collector', async (t) => {
    await eventually('a block in the bucket', async () => (await s3.keys()).some(isBlock))
    await untilScraped()
    t.ok((await untilWholeAnswer(query, startMs)).length > 0)
  })

  for (const component of ['collector', 'operator', 'query', 'compact'])
    await steps.step(`kill -9 of the ${component}`, async (t) => {
      const [pod] = await release.pods(component)
      const pid = await containerPid(cluster, namespace, pod!)
      const before = await untilWholeAnswer(query, startMs)
      const restarts = await restartCount(pod!)
      const killedMs = Date.now()
      process.kill(pid, 'SIGKILL')
      await eventually(`${pod} to have started again`, async () => {
        const path = '{.status.containerStatuses[0].ready}'
        return (await restartCount(pod!)) > restarts && (await field(pod!, path)) === 'true'
      })
      t.comment(`ready again after ${Date.now() - killedMs} ms`)
      // The others have no part in it.
      if (component === 'collector') await untilScraped()
      const after = await untilWholeAnswer(query, startMs)
      t.ok(before.length > 0)
      t.same(lostAttempts(before, after), [])
    })

  async function restartCount(pod: string): Promise<number> {
    return Number(await field(pod, '{.status.containerStatuses[0].restartCount}'))
  }

  await steps.step('each scraped once, and at most one scrape missing', async (t) => {
    await untilScraped()
    const attempts = await untilWholeAnswer(query, startMs, '{namespace="shop"}')
    assertHistory(t, attempts)
  })

  await steps.step('the pod of a collector is deleted in the middle of an upload', async (t) => {
    const before = await untilWholeAnswer(query, startMs)
    // Else nobody comes to a server that does not answer the kubelet.
    const service = JSON.stringify({ spec: { publishNotReadyAddresses: true } })
    await mustKubectl(['patch', 'service', 's3', '-n=s3', `--patch=${service}`])
    const pid = await containerPid(cluster, namespace, collector!)
    const address = await field(collector!, '{.status.podIP}')
    const folder = await pendingFolder()
    const uid = await field(collector!, '{.metadata.uid}')

    process.kill(s3Pid, 'SIGSTOP')
    t.teardown(() => isRunning(s3Pid) && process.kill(s3Pid, 'SIGCONT'))
    const { name, sizeBytes, unreadBytes } = await eventually('a block that is on its way', () =>
      onItsWay(address, folder),
    )
    t.comment(`${name}: of ${sizeBytes} bytes and their header ${unreadBytes} wait at the server, unread`)
    await mustKubectl(['delete', 'pod', collector!, `-n=${namespace}`, '--force', '--grace-period=0'])
    await eventually('its process to end', () => !isRunning(pid))
    const [day] = new Date(Number.parseInt(name, 10)).toISOString().split('T')
    const path = join(bucketFolder(cluster, namespace), 'blocks', day!, name)
    t.notOk(existsSync(path), `${name} is not there`)
    process.kill(s3Pid, 'SIGCONT')

    await eventually('another pod to be ready', async () => {
      const isOther = (await field(collector!, '{.metadata.uid}')) !== uid
      return isOther && (await field(collector!, '{.status.containerStatuses[0].ready}')) === 'true'
    })
    await eventually(`${name} to be there`, () => existsSync(path))
    t.equal(statSync(path).size, sizeBytes)
    await untilScraped()
    t.same(lostAttempts(before, await untilWholeAnswer(query, startMs)), [])
  })

  /** The block whose bytes have come to the S3 server, which has read none of them. */
  function onItsWay(address: string, folder: string) {
    const unreadBytes = socketQueues(s3Pid)
      .filter(({ remoteAddress, localPort }) => remoteAddress === address && localPort === s3Port)
      .reduce((most, queue) => Math.max(most, queue.unreadBytes), 0)
    // Else it is asked for something small.
    if (unreadBytes < 4096) return undefined
    // They go up one after the other; a name begins with a time.
    const [name] = readdirSync(folder)
      .filter(
        (name) =>
          isBlock(name) && globSync(`${bucketFolder(cluster, namespace)}/blocks/*/${name}`).length === 0,
      )
      .sort()
    if (name === undefined) return undefined
    return { name, unreadBytes, sizeBytes: statSync(join(folder, name)).size }
  }

  /** The folder of blocks that wait, on the volume of the collector. */
  async function pendingFolder(): Promise<string> {
    const claim = ['get', 'pvc', `data-${collector}`, `-n=${namespace}`, '-o=jsonpath={.spec.volumeName}']
    const volume = ['get', 'pv', await mustKubectl(claim), '-o=jsonpath={.spec.local.path}']
    return join(await mustKubectl(volume), 'pending')
  }

  function field(pod: string, path: string): Promise<string> {
    return mustKubectl(['get', 'pod', pod, `-n=${namespace}`, `-o=jsonpath=${path}`])
  }

  await steps.step('blocks are whole, and are all that was told', async (t) => {
    const told = await untilWholeAnswer(query, startMs)
    const stored = await eventually('all of that to be in the bucket', async () => {
      const stored = await readStoredBlocks(cluster, namespace)
      return told.every(({ id }) => stored.ids.has(id)) ? stored : undefined
    })
    t.same(stored.problems, [])
    t.comment(`${stored.count} blocks with ${stored.ids.size} attempts`)
    // Of the two pods of one name, too, each waits for the other.
    t.same(overlaps(scrapeLoops(told)), [])
    const after = new Set((await untilWholeAnswer(query, startMs)).map(({ id }) => id))
    t.same(
      [...stored.ids].filter((id) => !after.has(id)),
      [],
    )
  })
})

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

function assertHistory(t: Test, attempts: readonly ProfileItem[]): void {
  const loops = scrapeLoops(attempts)
  t.same(overlaps(loops), [])
  t.same(gaps(loops, { intervalMs, slots: 1 }), [])
}
