// Waiting for something to become so; never for a time.

import { setTimeout as pause } from 'node:timers/promises'

/** Asks again and again until there is an answer. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  patienceMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`${what}: not within ${patienceMs} ms`)
    await pause(20)
  }
}
