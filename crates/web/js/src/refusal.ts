// Errors of the server, by what they need.

import type { Code } from './failure'

/** Only a new token helps: the first is said to who connects, the second on a live socket. */
export const NEEDS_AUTH: ReadonlySet<Code> = new Set<Code>(['unauthorized', 'needs-auth'])

/** Nothing but a new page does. */
export const FINAL: ReadonlySet<Code> = new Set<Code>(['store-mismatch', 'unsupported-protocol'])

/** Somebody has to do something about these, although the client goes on trying where it can. */
export const BLOCKING: ReadonlySet<Code> = new Set<Code>([
  ...FINAL,
  'author-mismatch',
  'commit-mismatch',
  'connect-refused',
  'forbidden',
  'push-refused',
  'read-only',
  'server-behind',
])
