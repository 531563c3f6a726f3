// Keys of the bucket are rotated as docs/operating.md says, and the store refuses the old ones at once.
import t from 'tap'
import { skipWhereGiven } from '../cluster/given-cluster.ts'
import { eventually } from '../cluster/support/eventually.ts'
import { gaps, overlaps, scrapeLoops } from '../cluster/support/scrape-history.ts'
import { TimedSteps } from '../cluster/support/timed-steps.ts'
import { type BeforeRelease, installRelease } from './support/installed-release.ts'
import { readStoredBlocks } from './support/stored-blocks.ts'
import { untilWholeAnswer } from './support/told-attempts.ts'
import { Witness } from './support/witness.ts'

const namespace = 'credentials-rotated'
const secret = 'shop-bucket'
/** So long that one which comes half an interval late, on a busy machine, is not missing. */
const intervalMs = 30_000
/** Some stores answer 404 to a key that they do not know. */
const saysRefused = /^bucket s3:\S+ is missing from this answer: .*: the store answered 40[34] /

t.test('keys of the bucket are rotated', { skip: skipWhereGiven() }, async (t) => {
  const steps = new TimedSteps(t)
  const { cluster, s3, query } = await installRelease(
    t,
    namespace,
    async (before) => {
      await applySecret(before)
      return {
        bucket: { existingSecret: secret },
        collector: { replicas: 2, extraArgs: ['--block.duration=5s'] },
        defaultInterval: `${intervalMs / 1000}s`,
      }
    },
    { pods: 4, burn: 5, timeout: '20s' },
  )
  const { mustKubectl } = cluster
  const startMs = Date.now()
  const witness = new Witness(query, startMs)

  /** A line for each container of collectors and query: which it is, and how often it was started. */
  async function containers(): Promise<string> {
    const line = '{.metadata.uid} {.status.containerStatuses[*].restartCount}{"\\n"}'
    const selector = 'app.kubernetes.io/component in (collector, query)'
    const jsonpath = `-o=jsonpath={range .items[*]}${line}{end}`
    return mustKubectl(['get', 'pods', `-n=${namespace}`, `--selector=${selector}`, jsonpath])
  }

  /** What is in the bucket of what was answered by now; a collector may wait for a minute and a half between attempts. */
  async function untilStored(): Promise<void> {
    const ids = witness.ids()
    await eventually(`the bucket to have all ${ids.length} attempts that were answered`, async () => {
      const stored = await readStoredBlocks(cluster, namespace)
      return ids.every((id) => stored.ids.has(id))
    })
  }

  await steps.step('keys come from a Secret of somebody else', async (t) => {
    await eventually('two intervals of every pod', async () => {
      const attempts = await untilWholeAnswer(query, startMs, '{namespace="shop"}')
      return scrapeLoops(attempts).length >= 12 && Date.now() > startMs + 2 * intervalMs
    })
    t.same((await witness.askUntilWhole()).lost, [])
    await untilStored()
  })

  const before = await containers()
  let rotatedMs = 0
  await steps.step('the store refuses the old keys: answers say so, and lack nothing', async (t) => {
    rotatedMs = Date.now()
    await s3.useKeys({ accessKey: 'rotated-access-key', secretKey: 'rotated-secret-key' })
    const refusedMs = Date.now()
    await eventually('an answer that lacks nothing but the bucket, after two intervals', async () => {
      const { warnings, lost } = await witness.ask(rotatedMs)
      const others = warnings.filter((warning) => !saysRefused.test(warning))
      if (others.length > 0) throw new Error(others.join('; '))
      if (lost.length > 0) t.same(lost, [], 'what was answered is answered still')
      return warnings.length > 0 && Date.now() > refusedMs + 2 * intervalMs
    })
    t.ok(witness.ids().length > 0)
  })

  await steps.step('the Secret is changed, and query uses it', async (t) => {
    await applySecret({ cluster, s3 })
    const changedMs = Date.now()
    const { lost } = await eventually('an answer without a warning', async () => {
      const told = await witness.ask()
      return told.warnings.length === 0 ? told : undefined
    })
    t.comment(`${Date.now() - changedMs} ms after the change`)
    t.same(lost, [])
  })

  await steps.step('collectors use it', async (t) => {
    const changedMs = Date.now()
    await untilStored()
    t.comment(`${Date.now() - changedMs} ms later`)
    t.equal(await containers(), before, 'nothing was restarted')
  })

  await steps.step('no slot is missing, and blocks are whole', async (t) => {
    const askedMs = Date.now()
    const { attempts, lost } = await witness.askUntilWhole()
    t.same(lost, [])
    const shop = attempts.filter(({ labels }) => labels['namespace'] === 'shop')
    const loops = scrapeLoops(shop)
    t.equal(loops.length, 12, `loops of ${attempts.length} attempts`)
    t.same(overlaps(loops), [])
    t.same(gaps(loops, { intervalMs, slots: 0, untilMs: askedMs }), [])
    const { count, problems } = await readStoredBlocks(cluster, namespace)
    t.same(problems, [], `${count} blocks`)
  })
})

async function applySecret({ cluster, s3 }: BeforeRelease): Promise<void> {
  const stringData = { 'objstore.yaml': JSON.stringify(s3.objstoreConfig) }
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret, namespace }, stringData }
  const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-']
  await cluster.mustKubectl(apply, { stdin: JSON.stringify(object) })
}
