// Waiting for files that a page which was just reloaded may still hold.

import { failureOf } from './failure'

const PATIENCE_MS = 5_000
const AGAIN_MS = 50
/** A crash inside an asynchronous call never settles its promise. */
const HANGS_MS = 30_000

/** Tries for up to 5 s while the failure is one that may pass; a trap is not. */
export async function patiently<T>(act: () => Promise<T>): Promise<T> {
  const before = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      return await within(HANGS_MS, act())
    } catch (thrown) {
      if (failureOf(thrown) === undefined || Date.now() >= before) throw thrown
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }
}

/** Rejects where nothing has come of it in time. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms.`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
