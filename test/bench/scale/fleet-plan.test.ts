import t from 'tap'
import {
  dayMs,
  type FleetParameters,
  hourMs,
  labelsOf,
  planFleet,
  scrapesBetween,
  walk,
} from './fleet-plan.ts'

const startMs = Date.UTC(2026, 0, 5)
const parameters: FleetParameters = {
  seed: 1,
  noise: 'each',
  startMs,
  hours: 24,
  service: { program: 'etcd', pods: 10, wholePods: 2 },
  others: 4,
  collectors: 2,
}

t.test('planFleet() makes pods that live one after the other under new names', async (t) => {
  const pods = planFleet(parameters, ['etcd', 'prometheus'])
  t.equal(pods.length, 14)
  t.same(
    pods.slice(10).map(({ program }) => program),
    ['etcd', 'prometheus', 'etcd', 'prometheus'],
  )
  t.equal(new Set(pods.flatMap(({ lives }) => lives.map(({ labels }) => labels['pod']))).size, 14 * 3)
  t.equal(new Set(pods.map(({ serviceName }) => serviceName)).size, 5)
  t.equal(new Set(pods.map(({ collector }) => collector)).size, 2)
  for (const { lives } of pods) {
    t.equal(lives[0]!.fromMs, startMs)
    t.equal(lives.at(-1)!.toMs, startMs + dayMs)
    t.same(
      lives.slice(1).map(({ fromMs }) => fromMs),
      lives.slice(0, -1).map(({ toMs }) => toMs),
    )
  }
  t.same(planFleet(parameters, ['etcd', 'prometheus']), pods)
})

t.test('scrapesBetween() has each series once a minute, whichever way the day is split', async (t) => {
  const pods = planFleet(parameters, ['etcd', 'prometheus'])
  const whole = scrapesBetween(pods, startMs, startMs + dayMs)
  t.equal(whole.length, (2 * 3 + 8 + 4 * 3) * 1440)
  const halves = [0, 12].flatMap((hour) =>
    scrapesBetween(pods, startMs + hour * hourMs, startMs + (hour + 12) * hourMs),
  )
  t.same(new Set(halves.map(identify)), new Set(whole.map(identify)))
  const series = Map.groupBy(whole, ({ life, type }) => JSON.stringify(labelsOf(life, type)))
  t.equal(series.size, (2 * 3 + 8 + 4 * 3) * 3)
  for (const scrapes of series.values())
    t.ok(scrapes.every(({ timeMs }, i) => i === 0 || timeMs > scrapes[i - 1]!.timeMs))
})

t.test('walk() goes forward and back, a step at a time', async (t) => {
  const places = Array.from({ length: 100 }, (_, turn) => walk(3, turn, 10))
  t.same([...new Set(places)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.ok(places.every((place, i) => i === 0 || Math.abs(place - places[i - 1]!) === 1))
  t.equal(walk(3, 5, 1), 0)
})

function identify(scrape: ReturnType<typeof scrapesBetween>[number]): string {
  return `${scrape.pod.index} ${scrape.type} ${scrape.timeMs} ${scrape.turn}`
}
