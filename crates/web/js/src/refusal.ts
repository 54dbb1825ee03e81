// Errors of the server, by what they need.

import type { Code } from './failure'

/** Only a new token makes connecting again useful. */
export const NEEDS_AUTH: Code = 'unauthorized'

/** Nothing but a new page does. */
export const FINAL: ReadonlySet<Code> = new Set<Code>(['store-mismatch', 'unsupported-protocol'])

/** Somebody has to do something about these, although the client goes on trying where it can. */
export const BLOCKING: ReadonlySet<Code> = new Set<Code>([
  ...FINAL,
  'author-mismatch',
  'commit-mismatch',
  'not-supported',
  'server-behind',
])
