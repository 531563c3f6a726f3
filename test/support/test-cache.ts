import { homedir } from 'node:os'
import { join } from 'node:path'

/** The folder of what tests build and run outside of the tree, kept from one run to the next. */
export function testCache(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'conprof-test')
}
