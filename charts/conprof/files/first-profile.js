// `helm test`: proves that a fresh profile comes out of query. Node runs it with -e in a pod of conprof's own image.
import { readFileSync } from 'node:fs'

const url = process.env.QUERY_URL
const headers = { authorization: `Bearer ${readFileSync('/etc/conprof/token/token', 'utf8').trim()}` }
const deadline = Date.now() + Number(process.env.WAIT_SECONDS) * 1000

async function get(path) {
  const answer = await fetch(url + path, { headers, signal: AbortSignal.timeout(10_000) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${(await answer.text()).slice(0, 300)}`)
  return answer
}

async function firstProfile() {
  const answer = await get('/api/v1/profiles?query=%7B%7D&start=now-2m&limit=100')
  const { data, warnings } = await answer.json()
  if (warnings?.length > 0) console.log(`warnings: ${warnings.join('; ')}`)
  return data.profiles.find(({ sizeBytes }) => sizeBytes > 0)
}

for (let problem = ''; ; ) {
  try {
    const profile = await firstProfile()
    if (profile !== undefined) {
      const pprof = new Uint8Array(await (await get(`/api/v1/profile?id=${profile.id}`)).arrayBuffer())
      if (pprof[0] !== 0x1f || pprof[1] !== 0x8b) throw new Error(`profile ${profile.id} is no gzip file`)
      console.log(`profile ${profile.id}, ${pprof.length} bytes as pprof, of ${JSON.stringify(profile.labels)}`)
      break
    }
    problem = 'query answers, and has no profile of the last 2 minutes'
  } catch (error) {
    problem = `${error.message}${error.cause ? `: ${error.cause.message}` : ''}`
  }
  if (Date.now() > deadline) {
    console.error(`no profile out of ${url} after ${process.env.WAIT_SECONDS} s: ${problem}`)
    process.exit(1)
  }
  await new Promise((resolve) => setTimeout(resolve, 2000))
}
