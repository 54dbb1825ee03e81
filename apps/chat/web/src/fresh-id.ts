// Ids that the page makes.

/** 128 random bits in hexadecimal; unlike `randomUUID`, there on insecure origins too. */
export function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
