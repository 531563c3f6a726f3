import type { Bucket } from '../bucket/bucket.ts'
import { addPin, readPins, removePin } from '../compact/pins.ts'
import type { PinStore } from '../query/api/pin-store.ts'

/** Pins as `conprof pin` writes them, in each of the buckets: retention looks into its own alone. */
export function createPinStore(buckets: readonly Bucket[]): PinStore {
  return {
    async list({ signal }) {
      const all = await Promise.all(buckets.map((bucket) => readPins(bucket, { signal })))
      const byName = new Map(all.flat().map((pin) => [pin.name, pin]))
      return [...byName.values()]
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, match, startMs, endMs }) => ({ name, match, start: startMs, end: endMs }))
    },
    async add({ name, match, start, end }) {
      for (const bucket of buckets)
        await addPin(bucket, { name, match, startMs: start, endMs: end, createdMs: Date.now() })
    },
    async remove(name) {
      let wasThere = false
      for (const bucket of buckets) if (await removePin(bucket, name)) wasThere = true
      return wasThere
    },
  }
}
