// Ids for what events make.

/**
 * 12 digits of the time and 20 random ones, in hexadecimal, as a UUID of version 7: neighbours in time are
 * neighbours in the database, on every client and on the server. There on insecure origins too.
 */
export function freshId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  const bytes = crypto.getRandomValues(new Uint8Array(10))
  return time + [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
