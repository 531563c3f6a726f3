import { Option } from 'commander'
import type { ListenAddress } from '../lib/http/listen-address.ts'
import { type AdminAccess, isLoopback } from '../query/api/admin-guard.ts'
import { given, reading } from './flags.ts'

export interface AdminFlag {
  /** Undefined leaves it to the program. */
  readonly webEnableAdminApi?: boolean
}

export const adminOption: Option = new Option(
  '--web.enable-admin-api [true|false]',
  'allow requests that write: captures, pins (default: to this machine, if it listens on loopback alone)',
)
  .preset('true')
  .argParser(reading(parseSwitch))

function parseSwitch(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new SyntaxError(`switch ${JSON.stringify(text)}: want true or false`)
}

export function readAdminFlag(values: Readonly<Record<string, unknown>>): AdminFlag {
  return given({ webEnableAdminApi: values['web.enableAdminApi'] }) as AdminFlag
}

/** Off unless the flag says otherwise, but for this machine's own requests where nobody else can reach the program. */
export function adminAccess(
  flags: AdminFlag & { readonly webListenAddress: ListenAddress; readonly webExternalUrl?: string },
): AdminAccess {
  const { webEnableAdminApi: flag, webListenAddress, webExternalUrl: externalUrl } = flags
  if (flag !== undefined) return { allows: flag ? 'everybody' : 'nobody', externalUrl }
  const hosts = [webListenAddress.host ?? '', ...(externalUrl ? [new URL(externalUrl).hostname] : [])]
  return { allows: hosts.every(isLoopback) ? 'loopback' : 'nobody', externalUrl }
}

/** Of orders from our other programs: the token guards them, where there is one. */
export function orderAccess(
  flags: Parameters<typeof adminAccess>[0] & { readonly webTokenFile?: string },
): AdminAccess {
  return flags.webTokenFile === undefined ? adminAccess(flags) : { allows: 'everybody' }
}

/** As the status page shows it: `loopback` where only this machine may. */
export function adminFlagText({ allows }: AdminAccess): Readonly<Record<string, string>> {
  const text = { everybody: 'true', nobody: 'false', loopback: 'loopback' }[allows]
  return { 'web.enable-admin-api': text }
}
