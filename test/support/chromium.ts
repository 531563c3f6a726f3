import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Path of a Chromium; Debian's is installed with apt where none is there. Takes half a minute then. */
export async function findChromium(): Promise<string> {
  const found = places.find((place) => existsSync(place))
  if (found !== undefined) return found
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const install = [
    ...sudo,
    'apt-get',
    'install',
    '-y',
    '--no-install-recommends',
    'chromium',
    'fonts-dejavu-core',
  ]
  try {
    await run([...sudo, 'apt-get', 'update'])
    await run(install)
  } catch (cause) {
    throw new Error(`find chromium: not in ${places.join(', ')}, and "${install.join(' ')}" did not work`, {
      cause,
    })
  }
  const installed = places.find((place) => existsSync(place))
  if (installed === undefined) throw new Error(`find chromium: apt put none of ${places.join(', ')} there`)
  return installed
}

/** A browser that talks to nobody but the pages it is sent to. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

async function run([command = '', ...args]: readonly string[]): Promise<void> {
  await promisify(execFile)(command, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
}
